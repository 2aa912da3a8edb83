"""A real Asterisk on its own, rendered as for the hotline, with no controller behind it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.config import Home
from ivr.line.ari import wait_for_ari
from ivr.provision import ports, render
from ivr.provision.progress import Progress
from ivr.provision.setup import Provisions, provide

CHECKOUT = Home.find()
TEMPLATES = CHECKOUT.root / "asterisk"
PASSWORD = "right"


@dataclass(frozen=True)
class Booted:
    """A running Asterisk: its ports and its folder."""

    ports: ports.Ports
    folder: Path

    @property
    def complaints(self) -> list[str]:
        """What it warned of since it started."""
        lines = (self.folder / "log" / "messages.log").read_text().splitlines()
        return [line for line in lines if "WARNING" in line or "ERROR" in line]


@pytest.fixture(scope="session")
def provisions() -> Provisions:
    return provide(CHECKOUT.var, os.environ, Progress())


@contextmanager
def boot(provisions: Provisions, folder: Path) -> Iterator[Booted]:
    """The hotline's Asterisk with the operators anna and boris; it must end cleanly when asked to."""
    chosen = ports.load(folder / "ports.json", {})
    for name in ("wait", "goodbye"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(1600))
    hotline = render.Hotline(
        ports=chosen,
        ari_password=PASSWORD,
        operators=tuple(
            render.OperatorAccount(name, str(101 + index), PASSWORD) for index, name in enumerate(("anna", "boris"))
        ),
        fallback=render.Fallback(folder / "wait.wav", folder / "goodbye.wav", folder / "busy.wav"),
        music=provisions.music,
    )
    configuration = render.render_hotline(TEMPLATES, provisions.asterisk, folder / "asterisk", hotline)
    with running(provisions, configuration):
        asyncio.run(wait_for_ari(f"http://{ports.ADDRESS}:{chosen.asterisk}", "ivr", PASSWORD, 20.0))
        yield Booted(chosen, folder / "asterisk")


@contextmanager
def running(provisions: Provisions, configuration: Path) -> Iterator[None]:
    """An Asterisk process that is gone after the body, whatever happens."""
    process = subprocess.Popen(
        render.start_command(provisions.asterisk, configuration),
        env={**os.environ, **provisions.asterisk.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        process.terminate()
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def hotline(provisions: Provisions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    with boot(provisions, tmp_path_factory.mktemp("hotline")) as booted:
        yield booted
