"""Training: a given number of steps, resumed exactly from the last checkpoint, the learning rate falling at the end.

The checkpoint before the fall is kept, so that a later run with more steps goes on from there at full rate.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from recipe.batches import Batch, Batches, Kind
from recipe.from_model import heard_before, read_model, unfolded
from recipe.front_end import FRAMES_A_SECOND
from recipe.muon import Muon
from recipe.network import Network, Shape
from recipe.scoring import phone_error

_WARM_UP_STEPS = 100
_AVERAGE_OVER_STEPS, _AVERAGE_EVERY_STEPS = 400, 4
_MIDDLE_WEIGHT, _MIDDLE_UNTIL_STEP = 0.3, 4000  # it helps the lower blocks to begin; later it costs and gives nothing
_MEASURED_BATCHES = 12  # ten minutes of speech


@dataclass(frozen=True, slots=True)
class Schedule:
    """`steps` in all; the learning rate stays at `rate` and falls to nothing over the last `cooling_steps`."""

    steps: int
    cooling_steps: int
    rate: float = 2e-3
    frames_a_batch: int = 6000
    share_of_people: float = 0.65
    seed: int = 1
    cores: int = 2
    save_every_steps: int = 150
    test_every_steps: int = 1500

    @property
    def steady_steps(self) -> int:
        return self.steps - self.cooling_steps

    def rate_at(self, step: int, began: int) -> float:
        """The learning rate of a step, in a training that began at step `began` and gets going gently."""
        cooling = max(0, step - self.steady_steps) / max(1, self.cooling_steps)
        return self.rate * min(1.0, (step - began + 1) / _WARM_UP_STEPS) * (1 - cooling) + 1e-6


def train(
    people: Kind, synthetic: Kind, tests: dict[str, Kind], schedule: Schedule, folder: Path, model: Path | None = None
) -> Path:
    """Train to the schedule's end; the file of the finished network. Progress goes to stdout and progress.jsonl.

    Without a checkpoint in `folder` the training goes on from `model`, the directory of a finished model.
    """
    torch.set_num_threads(1)  # each core works on its part of a batch; they wait for each other once a step only
    folder.mkdir(parents=True, exist_ok=True)
    training = _Training(schedule, folder)
    batches = Batches(
        people, synthetic, schedule.share_of_people, schedule.frames_a_batch, schedule.seed, schedule.cores
    )
    if model and training.step == 0:
        training.go_on_from(model, batches)
    # One worker gives the batches in order; with more of them order still holds, but two cores have no room.
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(training.step, schedule.steps),
        num_workers=1,
        prefetch_factor=6,
        worker_init_fn=_leave_signals_to_parent,
    )
    stop = _StopAsked()
    began, first = time.monotonic(), training.step
    losses: list[float] = []
    for parts in loader:
        losses.append(training.learn(parts))
        step = training.step
        if step % 50 == 0:
            pace = (step - first) / (time.monotonic() - began)
            hours = training.frames / FRAMES_A_SECOND / 3600
            left = (schedule.steps - step) / pace / 60
            print(
                f"step {step}/{schedule.steps} loss {sum(losses) / len(losses):.3f} heard {hours:.1f} h, "
                f"{pace:.2f} steps/s, {left:.0f} min left",
                flush=True,
            )
            losses.clear()
        if stop.asked or step % schedule.save_every_steps == 0 or step == schedule.steady_steps:
            training.save()
        if stop.asked:
            raise SystemExit(f"stopped at step {step}; the same command goes on from there")
        if step % schedule.test_every_steps == 0 or step == schedule.steps:
            training.report(tests)
    training.save()
    return training.finished()


class _StopAsked:
    """Ctrl-C and SIGTERM end training after the step in hand, not within it."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def _leave_signals_to_parent(_: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class _Training:
    """All that a checkpoint holds. Randomness is not in it: batches are functions of the step."""

    def __init__(self, schedule: Schedule, folder: Path) -> None:
        self._schedule, self._folder = schedule, folder
        torch.manual_seed(schedule.seed)
        self.network = Network(Shape())
        self.average = Network(Shape())
        self.average.load_state_dict(self.network.state_dict())
        self.step = self.frames = self._began = 0
        # Muon for what turns one layer of numbers into the next; entry, outputs, gains and offsets by AdamW.
        inner = [weight for block in self.network.blocks for weight in (block.look.weight, block.spread.weight)]
        known = set(map(id, inner))
        others = [parameter for parameter in self.network.parameters() if id(parameter) not in known]
        self._optimizers = [
            Muon(inner, lr=schedule.rate, weight_decay=0.02),
            torch.optim.AdamW(others, lr=schedule.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
        ]
        self._cores = ThreadPoolExecutor(schedule.cores, initializer=torch.set_num_threads, initargs=(1,))
        self._load()

    def _load(self) -> None:
        """The newest checkpoint this schedule can go on from: not one that cooled for an earlier, shorter schedule."""
        for name in ("last.pt", "steady.pt"):
            file = self._folder / name
            if not file.exists():
                continue
            state = torch.load(file, weights_only=True)
            cooling = state["step"] > state["steady_steps"]
            if cooling and state["steady_steps"] != self._schedule.steady_steps:
                continue
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            for optimizer, its_state in zip(self._optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(its_state)
            self.step, self.frames, self._began = state["step"], state["frames"], state["began"]
            print(f"going on from {file} at step {self.step}", flush=True)
            return

    def go_on_from(self, model: Path, batches: Batches) -> None:
        """Take the network of a finished model; all else begins anew."""
        self.step, self.frames = heard_before(model)
        self._began = self.step
        network = read_model(model)
        unfolded(network, (batches[self.step + ahead] for ahead in range(_MEASURED_BATCHES)))
        for kept in (self.network, self.average):
            kept.load_state_dict(network.state_dict())
        print(f"going on from {model} at step {self.step}", flush=True)

    def learn(self, parts: Sequence[Batch]) -> float:
        """One step; the loss per phone."""
        rate = self._schedule.rate_at(self.step, self._began)
        for group in chain.from_iterable(optimizer.param_groups for optimizer in self._optimizers):
            group["lr"] = rate
        self.network.train()
        phones = sum(int(part.label_counts.sum()) for part in parts)
        parameters = list(self.network.parameters())
        if not self._middle_counts:
            parameters = [one for one in parameters if all(one is not its for its in self.network.middle.parameters())]
        losses, gradients = zip(
            *self._cores.map(lambda part: self._gradients(part, parameters, phones), parts), strict=True
        )
        for parameter, *its in zip(parameters, *gradients, strict=True):
            parameter.grad = sum(its[1:], start=its[0])
        nn.utils.clip_grad_norm_(parameters, 2.0)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        self.frames += sum(int(part.frames.sum()) for part in parts)
        if self.step % _AVERAGE_EVERY_STEPS == 0:
            self._follow()
        return float(sum(losses))

    @property
    def _middle_counts(self) -> bool:
        return self.step < _MIDDLE_UNTIL_STEP

    def _gradients(self, part: Batch, parameters: Sequence[Tensor], phones: int) -> tuple[float, tuple[Tensor, ...]]:
        """Of the loss per phone of the whole batch. All parts move the running means of normalisation, unordered."""
        final, middle = self.network(part.bands)
        loss = _ctc(final, part)
        if self._middle_counts:
            loss = loss + _MIDDLE_WEIGHT * _ctc(middle, part)
        loss = loss / phones
        return float(loss.detach()), torch.autograd.grad(loss, parameters)

    def _follow(self) -> None:
        """Keep the average of the last steps' weights: it errs less than any single step's."""
        share = _AVERAGE_EVERY_STEPS / min(_AVERAGE_OVER_STEPS, _AVERAGE_EVERY_STEPS + self.step)
        state = self.network.state_dict()
        with torch.no_grad():
            for name, value in self.average.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(state[name], share)

    def save(self) -> None:
        state = {
            "shape": self.network.shape.as_dict(),
            "step": self.step,
            "frames": self.frames,
            "began": self._began,
            "steady_steps": self._schedule.steady_steps,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }
        names = ["last.pt", *(["steady.pt"] if self.step <= self._schedule.steady_steps else [])]
        for name in names:
            torch.save(state, self._folder / f"{name}.part")
            os.replace(self._folder / f"{name}.part", self._folder / name)

    def report(self, tests: dict[str, Kind]) -> None:
        """Phone errors of the averaged network on a tenth of every test set."""
        errors = {name: round(phone_error(self.average, kind, every=10), 1) for name, kind in tests.items()}
        hours = round(self.frames / FRAMES_A_SECOND / 3600, 1)
        line = json.dumps({"step": self.step, "hours": hours, "phone_error_percent": errors})
        print(line, flush=True)
        with open(self._folder / "progress.jsonl", "a") as progress:
            progress.write(line + "\n")

    def finished(self) -> Path:
        file = self._folder / "network.pt"
        state = {"shape": self.network.shape.as_dict(), "step": self.step, "frames": self.frames}
        torch.save(state | {"network": self.average.state_dict()}, file)
        return file


def _ctc(scores: Tensor, batch: Batch) -> Tensor:
    """Connectionist temporal classification loss, summed over labels."""
    logarithms = torch.log_softmax(scores.float(), -1).transpose(0, 1)
    frames = (batch.frames + 2) // 3
    return nn.functional.ctc_loss(
        logarithms, batch.labels, frames, batch.label_counts, blank=0, reduction="sum", zero_infinity=True
    )
