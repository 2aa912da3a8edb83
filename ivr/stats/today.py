"""The day's figures while it runs, by the same reading of calls as the reports; the status page shows them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ivr.stats.calls import TARGET_SECONDS, Call

SLICE_SECONDS = 300
_KEPT_SLICES = 96  # eight hours go on over midnight


@dataclass(slots=True)
class Counts:
    """Of a topic today, or of all calls in one slice of time.

    `in_target`: answered within 30 s of being queued; `late`: waited for longer, answered or not.
    """

    offered: int = 0
    answered: int = 0
    in_target: int = 0
    abandoned: int = 0
    late: int = 0


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
    by_topic: dict[str, Counts] = field(default_factory=dict)
    by_slice: dict[int, Counts] = field(default_factory=dict)
    """Slice (Unix seconds // SLICE_SECONDS) in which it was counted → counts; slices without calls are missing."""
    _calls: dict[str, Call] = field(default_factory=dict)
    _tomorrow: float = 0.0

    def __post_init__(self, now: float) -> None:
        day = datetime.fromtimestamp(now, self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        self.midnight = day.timestamp()
        self._tomorrow = (day + timedelta(days=1)).timestamp()

    def turn(self, now: float) -> None:
        """Begin a new day when it is past midnight."""
        if now >= self._tomorrow:
            lately = {at: counts for at, counts in self.by_slice.items() if at > now // SLICE_SECONDS - _KEPT_SLICES}
            self.__init__(self.zone, now)  # type: ignore[misc]  # a day later everything is as at the start
            self.by_slice = lately

    @property
    def speed_of_answer_seconds(self) -> float | None:
        """Mean wait of the answered calls; None before the first."""
        return round(self._waited_seconds / self.answered, 1) if self.answered else None

    def late(self, now: float) -> Counter[str]:
        """Topic → calls that have waited longer than 30 s, those included that wait still."""
        late = Counter({topic: counts.late for topic, counts in self.by_topic.items()})
        late.update(call.topic for call in self._calls.values() if call.waiting and call.in_time(now) is False)
        return late

    def take(self, name: str, kind: str, data: Mapping[str, Any], wall_seconds: float) -> None:
        """Count one record."""
        self.turn(wall_seconds)
        if kind == "arrived" and wall_seconds >= self.midnight:
            self._calls[name] = Call()
        call = self._calls.get(name)
        if call is None:
            return
        was_waiting, was_queued, was_about = call.waiting, call.queued is not None, call.topic
        call.take(kind, data, wall_seconds)
        if was_queued and call.topic != was_about:
            self._move(call, was_about, late=not was_waiting and call.in_time(0.0) is False)
        if call.queued is not None and not was_queued:
            self.offered += 1
            for counts in self._counts(call, wall_seconds):
                counts.offered += 1
        if was_waiting and not call.waiting:
            self._count_wait(call, wall_seconds)
        if kind == "ended":
            del self._calls[name]

    def _move(self, call: Call, was_about: str, *, late: bool) -> None:
        """A call whose topic turns out to be another counts there, as it does in reports."""
        for counts, sign in ((self.by_topic[was_about], -1), (self.by_topic.setdefault(call.topic, Counts()), 1)):
            counts.offered += sign
            if (waited := call.answered_wait_seconds) is not None:
                counts.answered += sign
                counts.in_target += sign * (waited <= TARGET_SECONDS)
            counts.late += sign * late

    def _counts(self, call: Call, wall_seconds: float) -> tuple[Counts, Counts]:
        slice_ = int(wall_seconds // SLICE_SECONDS)
        return self.by_topic.setdefault(call.topic, Counts()), self.by_slice.setdefault(slice_, Counts())

    def _count_wait(self, call: Call, wall_seconds: float) -> None:
        for counts in self._counts(call, wall_seconds):
            counts.late += call.in_time(wall_seconds) is False
        if (waited := call.answered_wait_seconds) is not None:
            self.answered += 1
            self._waited_seconds += waited
            in_target = waited <= TARGET_SECONDS
            self.within_30_of_queue += in_target
            for counts in self._counts(call, wall_seconds):
                counts.answered += 1
                counts.in_target += in_target
            since_ring = call.answered_since_ring_seconds
            self.within_30_of_ring += since_ring is not None and since_ring <= TARGET_SECONDS
        elif call.outcome != "callback":
            self.abandoned += 1
            for counts in self._counts(call, wall_seconds):
                counts.abandoned += 1
