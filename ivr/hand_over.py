"""`ivr hand-over`: the controller that waits takes the calls of the one that serves, for an upgrade or a rest."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import Annotated

import typer

from ivr.config import Home
from ivr.errors import IvrError
from ivr.hotline import Hotline
from ivr.spare import held, serving

_LOOK_AGAIN_SECONDS = 0.05


def hand_over(
    within: Annotated[float, typer.Option(help="Wait so many seconds for a second controller", min=0)] = 60.0,
) -> None:
    """Let the controller that waits take over every call; the one that served ends, and nobody is cut off."""
    seconds = asyncio.run(_hand_over(Hotline(Home.find()), within))
    sys.stdout.write(f"handed over in {seconds:.1f} s\n")


async def _hand_over(hotline: Hotline, within_seconds: float) -> float:
    """Seconds until the other one took calls; `HotlineNotRunning`, or IvrError when nobody can take over."""
    home = hotline.home
    await hotline.ask("/api/status")
    try:
        async with asyncio.timeout(within_seconds):
            while not held(home.standing_by):  # noqa: ASYNC110 -- another process's lock tells nobody
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise IvrError(
            f"no second controller was ready to take over within {within_seconds:g} s",
            hint="`ivr run` keeps one; with systemd start ivr-controller@2 as well",
        ) from None
    if not held(home.serving):
        raise IvrError("no controller serves on this machine", hint="start it with `make run`")
    before = serving(home.serving)
    if before is None:
        raise IvrError(
            "the controller that serves runs in another container",
            hint="restart its container: the one that waits takes the calls, as here",
        )
    began = time.monotonic()
    os.kill(before, signal.SIGTERM)
    try:
        async with asyncio.timeout(within_seconds):
            while serving(home.serving) == before or not await hotline.serves():  # noqa: ASYNC110 -- the same
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise IvrError(
            "the other controller does not take calls", hint="see what its log says, under var/log"
        ) from None
    return time.monotonic() - began
