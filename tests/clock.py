"""A clock that a test sets."""

from __future__ import annotations

MONDAY_NOON = 1_795_424_400.0  # 2026-11-23 12:00 in Moscow


class SetClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY_NOON

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now
