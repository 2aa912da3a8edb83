"""Moments at which something changes though nobody does anything. No clock: who asks says what time it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush

from ivr.call.events import CallId
from ivr.hours import ALWAYS
from ivr.queue.model import QueuedCall, QueuedOperator
from ivr.routing.skills import Profile

RING_GRACE_SECONDS = 3.0
"""A ring that nobody has ended so long after its end belongs to a controller that died."""


class Timers:
    """Moments at which an operator's wrap-up ends, or a ring must have ended."""

    __slots__ = ("_heap", "_meant")

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._meant: dict[str, tuple[float, QueuedOperator]] = {}

    def set(self, operator: QueuedOperator) -> None:
        """Take over the newest row of an operator; it replaces the timer of an earlier one."""
        self._meant.pop(operator.name, None)
        if operator.until_at:
            at = operator.until_at + (RING_GRACE_SECONDS if operator.state == "offered" else 0)
            self._meant[operator.name] = at, operator
            heappush(self._heap, (at, operator.name))

    def next_at(self) -> float | None:
        """The next moment, None when there is none."""
        while self._heap:
            at, name = self._heap[0]
            if name in self._meant and self._meant[name][0] == at:
                return at
            heappop(self._heap)
        return None

    def due(self, now: float) -> list[QueuedOperator]:
        """Operators whose moment has come; each is named once."""
        operators = []
        while (at := self.next_at()) is not None and at <= now:
            _, name = heappop(self._heap)
            operators.append(self._meant.pop(name)[1])
        return operators


class Sleepers:
    """Callbacks that may not be tried before their time."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[float, CallId]] = []

    def add(self, row: QueuedCall) -> None:
        heappush(self._heap, (row.not_before, row.call))

    def next_at(self) -> float | None:
        """The next moment, None when there is none."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[tuple[float, CallId]]:
        """Moments that have come; the view knows whether the call still waits for that one."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heappop(self._heap))
        return due


class Duty:
    """Who is within working hours. Before the first `turn` everybody with hours counts as off duty."""

    __slots__ = ("_heap", "_profiles", "off")

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._profiles = {profile.name: profile for profile in profiles if profile.hours != ALWAYS}
        self._heap = [(0.0, name) for name in sorted(self._profiles)]
        self.off = set(self._profiles)

    def next_at(self) -> float | None:
        """The next moment at which somebody's hours begin or end, None when there is none."""
        return self._heap[0][0] if self._heap else None

    def turn(self, now: float) -> list[str]:
        """Operators whose hours have begun or ended by `now`; `off` is up to date afterwards."""
        turned = []
        while self._heap and self._heap[0][0] <= now:
            _, name = heappop(self._heap)
            hours, moment = self._profiles[name].hours, datetime.fromtimestamp(now, UTC)
            (self.off.discard if hours.open_at(moment) else self.off.add)(name)
            turned.append(name)
            following = hours.next_change(moment)
            if following:
                heappush(self._heap, (following.timestamp(), name))
        return turned
