"""A real Asterisk with the hotline's own configuration stands for the hotline; what it does is written by each test."""

import asyncio
import os
import random
import secrets
import wave
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio

from ivr.agent.agent import Agent, Place, running_agent
from ivr.config import Home
from ivr.line.ari import AriClient, Frame, wait_for_ari
from ivr.line.asterisk import Line
from ivr.provision import ports, render
from ivr.provision.progress import Progress
from ivr.provision.setup import Provisions, provide
from ivr.supervise import Program, Supervisor

TEMPLATES = Home.find().root / "asterisk"
PASSWORDS = {name: secrets.token_urlsafe(8) for name in ("anna", "boris", "olga")}


@pytest.fixture(scope="session")
def provisions() -> Provisions:
    return provide(Home.find().var, os.environ, Progress())


@dataclass
class OtherSide:
    """The hotline's Asterisk: `on_call` is told of each channel that enters, `frames` keeps all events.

    `line`: who gets the events as well, for tests with parts of the real controller.
    """

    ari: AriClient
    sip_port: int
    frames: list[Frame] = field(default_factory=list)
    on_call: Callable[[str, Sequence[str]], Coroutine[Any, Any, None]] | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    happened: asyncio.Condition = field(default_factory=asyncio.Condition)
    line: Line | None = None

    async def run(self, frames: AsyncIterator[Frame]) -> None:
        async for frame in frames:
            if self.line is not None:
                self.line.take(frame)
            if frame["type"] == "StasisStart" and frame["args"] and self.on_call is not None:
                self.tasks.append(asyncio.create_task(self.on_call(frame["channel"]["id"], frame["args"])))
            async with self.happened:
                self.frames.append(frame)
                self.happened.notify_all()

    async def saw(self, kind: str, channel: str, count: int = 1) -> Frame:
        """Wait for the `count`th event of this kind about this channel."""

        def found() -> list[Frame]:
            return [frame for frame in self.frames if frame["type"] == kind and channel in str(frame)]

        async with asyncio.timeout(10), self.happened:
            await self.happened.wait_for(lambda: len(found()) >= count)
            return found()[count - 1]

    async def channels(self) -> list[str]:
        return [channel["name"] for channel in await self.ari.request("GET", "channels")]


@asynccontextmanager
async def hotline(provisions: Provisions, folder: Path) -> AsyncIterator[OtherSide]:
    """The hotline's Asterisk with operators anna and boris, and a controller that does what each test says."""
    chosen = ports.choose(random.SystemRandom())
    waiting = provisions.music / "waiting.wav"
    settings = render.Hotline(
        ports=chosen,
        ari_password="test",
        operators=tuple(
            render.OperatorAccount(name, str(101 + index), password)
            for index, (name, password) in enumerate(PASSWORDS.items())
        ),
        fallback=render.Fallback(waiting, waiting, waiting),
        music=provisions.music,
    )
    configuration = render.render_hotline(TEMPLATES, provisions.asterisk, folder, settings)
    address = f"http://127.0.0.1:{chosen.asterisk}"
    program = Program(
        "asterisk",
        render.start_command(provisions.asterisk, configuration),
        lambda: wait_for_ari(address, "ivr", "test", 15),
        folder / "asterisk.log",
        provisions.asterisk.environment,
    )
    supervisor = Supervisor(folder, [program])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(supervisor.stop)
        await supervisor.start()
        ari = await stack.enter_async_context(AriClient(address, "ivr", "test", "ivr"))
        frames = await stack.enter_async_context(ari.events())
        other_side = OtherSide(ari, chosen.sip)
        stack.callback(asyncio.create_task(other_side.run(frames)).cancel)
        yield other_side


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hotline(provisions: Provisions, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OtherSide]:
    async with hotline(provisions, tmp_path_factory.mktemp("hotline")) as other_side:
        yield other_side


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agent(
    provisions: Provisions, shared_hotline: OtherSide, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Agent]:
    folder = tmp_path_factory.mktemp("agent")
    place = Place(
        provisions.asterisk, TEMPLATES, folder / "asterisk", folder / "speech", recordings=folder / "recordings"
    )
    async with running_agent(place, shared_hotline.sip_port) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def other_side(shared_hotline: OtherSide) -> AsyncIterator[OtherSide]:
    """The hotline's Asterisk for one test; afterwards no channel may be left in it."""
    shared_hotline.frames.clear()
    shared_hotline.tasks.clear()
    yield shared_hotline
    async with asyncio.timeout(5):
        await asyncio.gather(*shared_hotline.tasks)
        while left := await shared_hotline.channels():  # noqa: ASYNC110 (Asterisk tells nobody when they are gone)
            await asyncio.sleep(0.05)
    shared_hotline.on_call = shared_hotline.line = None
    assert not left


Melody = Callable[[int, float], Path]


@pytest.fixture
def melody(tmp_path: Path) -> Melody:
    """Makes WAV files that can be told apart and found again: random tones of 60 ms, the same for the same seed."""

    def make(seed: int, seconds: float) -> Path:
        chance = np.random.default_rng(seed)
        times = np.arange(480) / 8000
        tones = [np.sin(2 * np.pi * chance.uniform(300, 3000) * times) for _ in range(round(seconds / 0.06))]
        path = tmp_path / f"melody-{seed}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
            file.writeframes(np.round(8000 * np.concatenate(tones)).astype("<i2").tobytes())
        return path

    return make


def read_samples(path: Path) -> npt.NDArray[np.float64]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def likeness(recording: Path, original: Path) -> float:
    """How much of `original` is in `recording`: 1 is identical, strangers have about 0.2.

    Median over stretches of 0.3 s of the largest normalised correlation with anything in the recording: a busy machine
    may move a stretch, and spoil one of them.
    """
    heard, sent = read_samples(recording), read_samples(original)
    stretches = [sent[start : start + 2400] for start in range(0, len(sent) - 2399, 2400)]
    return float(np.median([_best_correlation(heard, stretch) for stretch in stretches]))


def _best_correlation(heard: npt.NDArray[np.float64], stretch: npt.NDArray[np.float64]) -> float:
    if len(heard) < len(stretch):
        return 0.0
    size = 1 << (len(heard) + len(stretch) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(stretch, size)), size)
    powers = np.concatenate(([0.0], np.cumsum(heard**2)))
    energies = powers[len(stretch) :] - powers[: -len(stretch)]
    norms = np.sqrt(np.maximum(energies, 1e6) * np.sum(stretch**2))  # silence is like nothing
    return float(np.max(products[: len(energies)] / norms))
