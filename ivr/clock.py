"""The only source of time. Live parts get `SystemClock`; tests, try-out and simulation bring their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog

log = structlog.get_logger()


class Clock(Protocol):
    """Two readings of now: `wall` in Unix seconds (may jump), `monotonic` in seconds (never goes back)."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


JUMP_SECONDS = 2.0
"""A correction of the machine's clock by more than this at once is a jump; smaller ones are followed."""


class SystemClock:
    """The machine's clock, but for jumps: waits, rests and places in a queue must not be an hour longer for one.

    After a jump `wall` goes on as before; the next process begins with the time of day as it is by then.
    """

    def __init__(self, time_of_day: Callable[[], float] = time.time) -> None:
        self._time_of_day = time_of_day
        self._ahead = time_of_day() - time.monotonic()
        self._told = False

    def wall(self) -> float:
        monotonic = time.monotonic()
        ahead = self._time_of_day() - monotonic
        jump = ahead - self._ahead
        if abs(jump) < JUMP_SECONDS:
            self._ahead, self._told = ahead, False
        elif not self._told:
            self._told = True
            log.warning("clock_jumped", seconds=round(jump, 1), until="this process ends")
        return monotonic + self._ahead

    def monotonic(self) -> float:
        return time.monotonic()
