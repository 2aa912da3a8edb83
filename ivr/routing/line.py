"""Calls with equal needs in the order of their turn, and the free operators who can serve them, best first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from ivr.call.events import CallId
from ivr.routing.skills import Need


class FreeOperator(NamedTuple):
    """A free operator beside a line; sorts by who should be asked first."""

    level: int
    scarcity: float
    idle_since: float
    name: str


class Standing(NamedTuple):
    """A call in a line; sorts by whose turn it is."""

    rank: float
    call: CallId


class CallOrder:
    """Calls in the order of their rank.

    A sorted list: most calls come in order, so joining is appending and the first one leaves by moving an index; no
    work grows with the number of calls. A call that left from the middle is forgotten when its turn comes, or when half
    of the list is such calls; until then `_left` has it, so that nobody's place counts it.
    """

    __slots__ = ("_first", "_left", "_order", "_standing")

    def __init__(self) -> None:
        self._order: list[Standing] = []
        self._first = 0
        self._standing: dict[CallId, Standing] = {}
        self._left: list[Standing] = []

    def __len__(self) -> int:
        return len(self._standing)

    def add(self, standing: Standing) -> None:
        self.discard(standing.call)
        self._standing[standing.call] = standing
        if self._order and standing < self._order[-1]:
            insort(self._order, standing, lo=self._first)
        else:
            self._order.append(standing)

    def discard(self, call: CallId) -> None:
        left = self._standing.pop(call, None)
        if left is None:
            return
        insort(self._left, left)
        if len(self._order) > 64 and len(self._order) > 2 * len(self._standing):
            self._order = [standing for standing in self._order[self._first :] if self._stands(standing)]
            self._first = 0
            self._left.clear()

    def first(self) -> Standing | None:
        before = self._first
        while self._first < len(self._order) and not self._stands(self._order[self._first]):
            self._first += 1
        del self._left[: self._first - before]  # the earliest of those who left, as both are in order
        return self._order[self._first] if self._first < len(self._order) else None

    def __iter__(self) -> Iterator[Standing]:
        """Whose turn it is, one after another."""
        self.first()  # whoever left from the head is passed once, and not at every look
        return filter(self._stands, map(self._order.__getitem__, range(self._first, len(self._order))))

    def ahead_of(self, rank: float) -> int:
        """How many stand before this rank."""
        return bisect_left(self._order, (rank,), lo=self._first) - self._first - bisect_left(self._left, (rank,))

    def _stands(self, standing: Standing) -> bool:
        return self._standing.get(standing.call) is standing


class Line:
    """Calls with equal needs, and the free operators who can serve them.

    `calls` can still be answered in time, `late` no longer: each moves over once in its life, at the order of its rank.
    `urgent` ones stay apart from both, as their rank says nothing about who is late.
    `passed` counts offers by which the late ones were passed, `passed_at` where the count stood as each became late.
    `apart` are the few calls that some operators must not be offered (they declined, or the call is kept for another
    one), in the order of their rank. `able` are all operators who can serve the line, best first; `signed_in`
    counts those who are here, `working` those of them who are not paused, `experts` those of them with level 1.
    """

    __slots__ = (
        "able",
        "apart",
        "calls",
        "experts",
        "free",
        "late",
        "need",
        "passed",
        "passed_at",
        "signed_in",
        "urgent",
        "working",
    )

    def __init__(self, wanted: Need) -> None:
        self.need = wanted
        self.calls = CallOrder()
        self.late = CallOrder()
        self.urgent = CallOrder()
        self.passed = 0
        self.passed_at: dict[CallId, int] = {}
        self.apart: list[Standing] = []
        self.free: list[FreeOperator] = []
        self.signed_in = 0
        self.working = 0
        self.experts = 0
        self.able: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self.calls) + len(self.late) + len(self.urgent) + len(self.apart)

    def stand(self, standing: Standing, *, urgent: bool) -> None:
        """Take the call's place in the order."""
        (self.urgent if urgent else self.calls).add(standing)

    def passed_by(self, call: CallId) -> int:
        """How many later calls were offered before this one."""
        return self.passed - self.passed_at.get(call, self.passed)

    def fresh_ahead_of(self, rank: float) -> int:
        """How many calls that go before the late ones stand before this rank."""
        return self.calls.ahead_of(rank) + self.urgent.ahead_of(rank)

    def ahead_of(self, rank: float) -> int:
        """How many calls of the line stand before this rank."""
        return self.fresh_ahead_of(rank) + self.late.ahead_of(rank) + bisect_left(self.apart, (rank,))

    def discard(self, standing: Standing) -> None:
        """The call leaves, wherever it stands."""
        for order in (self.calls, self.late, self.urgent):
            order.discard(standing.call)
        self.passed_at.pop(standing.call, None)
        place = bisect_left(self.apart, standing)
        if self.apart[place : place + 1] == [standing]:
            del self.apart[place]
