"""An event loop whose time passes only when nothing else is left to do: hours of calls in milliseconds, in exact order.

For tests, try-out and simulation. A loop that waits for real input (a socket, a process) does not belong here: when no
timer is left to advance to, the loop reports the deadlock instead of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from ivr.clock import Clock

Result = TypeVar("Result")

_EPOCH_SECONDS = 1_767_258_000.0  # 2026-01-01 09:00 UTC: a fixed, readable beginning


class Deadlock(RuntimeError):
    """Every task waits for something that nothing in this loop will ever bring."""


class _TimeSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer is due, moves the loop's time there."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("every task waits, and no timer is left that could end it")
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on virtual time; `time()` starts at 0."""

    def __init__(self) -> None:
        self._time_selector = _TimeSelector()
        super().__init__(self._time_selector)

    def time(self) -> float:
        return self._time_selector.now


class LoopClock(Clock):
    """The running loop's time as the engine's clock."""

    def wall(self) -> float:
        return _EPOCH_SECONDS + self.monotonic()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtually(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
