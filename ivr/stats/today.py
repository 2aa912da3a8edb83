"""The day's figures while it runs, by the same reading of calls as the reports; the status page shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ivr.stats.calls import Call
from ivr.stats.fold import TARGET_SECONDS


@dataclass(slots=True)
class Today:
    """Counts since midnight of `zone`, each as soon as it is certain. A call is offered once, when it is first queued.

    `now` (Unix seconds) says which day; `turn` begins the next one, calls under way counting for the day they arrived.
    """

    zone: tzinfo
    now: InitVar[float]
    midnight: float = 0.0
    offered: int = 0
    answered: int = 0
    within_30_of_queue: int = 0
    within_30_of_ring: int = 0
    abandoned: int = 0
    _waited_seconds: float = 0.0
    _calls: dict[str, Call] = field(default_factory=dict)

    _tomorrow: float = 0.0

    def __post_init__(self, now: float) -> None:
        day = datetime.fromtimestamp(now, self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        self.midnight = day.timestamp()
        self._tomorrow = (day + timedelta(days=1)).timestamp()

    def turn(self, now: float) -> None:
        """Begin a new day when it is past midnight."""
        if now >= self._tomorrow:
            self.__init__(self.zone, now)  # type: ignore[misc]  # a day later everything is as at the start

    @property
    def speed_of_answer_seconds(self) -> float | None:
        """Mean wait of the answered calls; None before the first."""
        return round(self._waited_seconds / self.answered, 1) if self.answered else None

    def take(self, name: str, kind: str, data: Mapping[str, Any], wall_seconds: float) -> None:
        """Count one record."""
        self.turn(wall_seconds)
        if kind == "arrived" and wall_seconds >= self.midnight:
            self._calls[name] = Call()
        call = self._calls.get(name)
        if call is None:
            return
        was_waiting, was_queued = call.waiting, call.queued is not None
        call.take(kind, data, wall_seconds)
        self.offered += call.queued is not None and not was_queued
        if was_waiting and not call.waiting:
            self._count_wait(call)
        if kind == "ended":
            del self._calls[name]

    def _count_wait(self, call: Call) -> None:
        if (waited := call.answered_wait_seconds) is not None:
            self.answered += 1
            self._waited_seconds += waited
            self.within_30_of_queue += waited <= TARGET_SECONDS
            since_ring = call.answered_since_ring_seconds
            self.within_30_of_ring += since_ring is not None and since_ring <= TARGET_SECONDS
        elif call.outcome != "callback":
            self.abandoned += 1
