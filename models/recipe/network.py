"""The acoustic network: convolutions over time from 15 bands, 100 frames/s, to 43 phone scores, 33 frames/s.

It sees 0.67 s back but only 0.25 s ahead, so that words appear in partial results while the caller still speaks.
Everything in it can be written as a Kaldi nnet3 network (nnet3.py).

Values lie as utterances × frames × channels and convolutions are done as matrix products: processors with matrix units
multiply large matrices twice as fast as torch convolves. Trained in bfloat16, evaluated in single precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from ivr.speech.lexicon.phones import PHONES
from torch import Tensor, nn

from recipe.front_end import BANDS

OUTPUTS = len(PHONES) + 1
SUBSAMPLING = 3
SKIP = 0.75
_ENTRY_WIDTH = 5
_EDGE = 4  # frames that the first two convolutions see on each side


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network. Each block looks `dilation` steps of 30 ms ahead and back, or, if negative, back twice."""

    entry: int = 256
    width: int = 512
    neck: int = 128
    dilations: Sequence[int] = (1, 1, 1, -2, 1, 1, -2, 1, 1, -3)
    floor: float = 4.0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Block(nn.Module):
    """A narrow look around, spread over the full width, added to what came in."""

    def __init__(self, shape: Shape, dilation: int) -> None:
        super().__init__()
        self.back = abs(dilation) * (1 if dilation > 0 else 2)
        self.ahead = max(dilation, 0)
        self.look = nn.Conv1d(shape.width, shape.neck, 3, dilation=abs(dilation), bias=False)
        self.spread = nn.Conv1d(shape.neck, shape.width, 1, bias=False)
        self.norm = nn.BatchNorm1d(shape.width, momentum=0.03)

    def forward(self, values: Tensor) -> Tensor:
        seen, kept = _LookAndKeep.apply(values, self.look.weight, self.look.dilation[0], self.back)  # type: ignore[no-untyped-call]
        return _activated(seen, self.spread, self.norm) + kept


class _LookAndKeep(torch.autograd.Function):
    """A convolution of three offsets, and SKIP times the values it stands on.

    One product gives what each frame says to its three neighbours, which is then added up where it is heard: the wide
    values are never copied, and both ways back end in one gradient.
    """

    @staticmethod
    def forward(context: Any, values: Tensor, weight: Tensor, dilation: int, back: int) -> tuple[Tensor, Tensor]:
        weights = weight.permute(2, 0, 1).flatten(0, 1).to(values.dtype)
        context.save_for_backward(values, weights)
        context.places = dilation, back
        length = values.shape[1] - 2 * dilation
        told = (values.flatten(0, 1) @ weights.T).unflatten(0, values.shape[:2]).unflatten(2, (3, -1))
        seen = told[:, :length, 0] + told[:, dilation : dilation + length, 1]
        return seen.add_(told[:, 2 * dilation :, 2]), values[:, back : back + length] * SKIP

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (values, weights), (dilation, back), (of_seen, of_kept) = context.saved_tensors, context.places, gradients
        length, neck = of_seen.shape[1:]
        told = of_seen.new_zeros(*values.shape[:2], 3, neck)
        for offset in range(3):
            told[:, offset * dilation : offset * dilation + length, offset] = of_seen
        rows = told.flatten(2).flatten(0, 1)
        of_values = (rows @ weights).unflatten(0, values.shape[:2])
        of_values[:, back : back + length].add_(of_kept, alpha=SKIP)
        of_weights = (rows.T @ values.flatten(0, 1)).unflatten(0, (3, neck)).permute(1, 2, 0)
        return of_values, of_weights.float(), None, None


class _Windows(torch.autograd.Function):
    """Every `step`-th run of `width` frames, side by side: utterances × runs × (width · channels)."""

    @staticmethod
    def forward(context: Any, values: Tensor, width: int, step: int) -> Tensor:
        context.places = values.shape, width, step
        count, frames, channels = values.shape
        runs = (frames - width) // step + 1
        sizes, steps = (count, runs, width * channels), (frames * channels, step * channels, 1)
        return values.as_strided(sizes, steps).contiguous()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        shape, width, step = context.places
        runs = gradients[0].unflatten(2, (width, -1))
        of_values = runs.new_zeros(shape)
        for place in range(width):
            of_values[:, place : place + step * runs.shape[1] : step][:, : runs.shape[1]] += runs[:, :, place]
        return of_values, None, None


def _windows(values: Tensor, width: int, step: int = 1) -> Tensor:
    windows: Tensor = _Windows.apply(values, width, step)  # type: ignore[no-untyped-call]
    return windows


def _activated(values: Tensor, convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> Tensor:
    """A convolution over windows, normalised and rectified."""
    rows = values.flatten(0, 1) @ convolution.weight.transpose(1, 2).flatten(1).to(values.dtype).T
    return torch.relu(norm(rows)).unflatten(0, values.shape[:2])


def _scored(values: Tensor, output: nn.Conv1d) -> Tensor:
    assert output.bias is not None
    return nn.functional.linear(values, output.weight[:, :, 0].to(values.dtype), output.bias.to(values.dtype))


class Network(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.entry = nn.Conv1d(BANDS, shape.entry, _ENTRY_WIDTH, bias=False)
        self.entry_norm = nn.BatchNorm1d(shape.entry, momentum=0.03)
        self.reduce = nn.Conv1d(shape.entry, shape.width, _ENTRY_WIDTH, stride=SUBSAMPLING, bias=False)
        self.reduce_norm = nn.BatchNorm1d(shape.width, momentum=0.03)
        blocks = nn.ModuleList(Block(shape, dilation) for dilation in shape.dilations)
        self.blocks = cast(Sequence[Block], blocks)  # a ModuleList does not tell what it is a list of
        self.output = nn.Conv1d(shape.width, OUTPUTS, 1)
        self.middle = nn.Conv1d(shape.width, OUTPUTS, 1)  # a second, earlier guess: only training uses it

    @property
    def left_frames(self) -> int:
        return _EDGE + SUBSAMPLING * sum(block.back for block in self.blocks)

    @property
    def right_frames(self) -> int:
        return _EDGE + SUBSAMPLING * sum(block.ahead for block in self.blocks)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of utterances × frames × BANDS, utterances × frames/3 × OUTPUTS: final ones and the middle's."""
        values = torch.relu(bands - self.shape.floor) * 0.2
        before, after = values[:, :1].expand(-1, self.left_frames, -1), values[:, -1:].expand(-1, self.right_frames, -1)
        values = torch.cat([before, values, after], 1).to(torch.bfloat16 if self.training else torch.float32)
        values = _activated(_windows(values, _ENTRY_WIDTH), self.entry, self.entry_norm)
        values = _activated(_windows(values, _ENTRY_WIDTH, SUBSAMPLING), self.reduce, self.reduce_norm)
        half = len(self.blocks) // 2
        for block in self.blocks[:half]:
            values = block(values)
        back = sum(block.back for block in self.blocks[half:])
        ahead = sum(block.ahead for block in self.blocks[half:])
        middle = _scored(values[:, back : values.shape[1] - ahead], self.middle)
        for block in self.blocks[half:]:
            values = block(values)
        return _scored(values, self.output), middle


def load(file: Path) -> Network:
    """The averaged network of a checkpoint or of a finished training."""
    state = torch.load(file, weights_only=True)
    network = Network(Shape(**state["shape"]))
    network.load_state_dict(state["average"] if "average" in state else state["network"])
    return network.eval()
