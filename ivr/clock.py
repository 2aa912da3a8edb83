"""The only source of time. Live parts get `SystemClock`; tests, try-out and simulation bring their own."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of now: `wall` in Unix seconds (may jump), `monotonic` in seconds (never goes back)."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
