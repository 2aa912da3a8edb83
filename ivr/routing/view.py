"""The queue as the router sees it: a fold over the store's changes, arranged so that a decision need not search.

Calls with equal needs stand in one line, in the order of their rank; beside each line stand the free operators who can
serve it, best first. Lines are few (topics × languages × queues), whatever the number of calls. No I/O, no clock.

The view is never trusted over the store: what it decides is a proposal that the store may refuse.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from ivr.call.events import CallId
from ivr.queue.model import Change, Queue, QueuedCall, QueuedOperator
from ivr.routing.skills import Need, Profile, level, need, scarcity

RING_GRACE_SECONDS = 3.0
"""A ring that nobody has ended so long after its end belongs to a controller that died."""


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


class CallHeap:
    """Calls by rank; a call that has left is forgotten when it comes to the top, or when half of the heap is gone."""

    __slots__ = ("_heap", "_standing")

    def __init__(self) -> None:
        self._heap: list[Standing] = []
        self._standing: dict[CallId, Standing] = {}

    def __len__(self) -> int:
        return len(self._standing)

    def add(self, standing: Standing) -> None:
        self._standing[standing.call] = standing
        heappush(self._heap, standing)

    def discard(self, call: CallId) -> None:
        if self._standing.pop(call, None) and len(self._heap) > 64 and len(self._heap) > 2 * len(self._standing):
            self._heap = list(self._standing.values())
            heapify(self._heap)

    def first(self) -> Standing | None:
        heap, standing = self._heap, self._standing
        while heap:
            if standing.get(heap[0].call) is heap[0]:
                return heap[0]
            heappop(heap)
        return None


class Line:
    """Calls with equal needs, and the free operators who can serve them.

    `apart` are the few calls that some operators must not be offered (they declined, or the call is kept for another
    one), in the order of their rank. `signed_in` counts the operators who can serve the line, whatever they do now.
    """

    __slots__ = ("apart", "calls", "free", "need", "signed_in")

    def __init__(self, wanted: Need) -> None:
        self.need = wanted
        self.calls = CallHeap()
        self.apart: list[Standing] = []
        self.free: list[FreeOperator] = []
        self.signed_in = 0

    def __len__(self) -> int:
        return len(self.calls) + len(self.apart)

    def discard(self, call: CallId) -> None:
        self.calls.discard(call)
        if self.apart:
            self.apart = [standing for standing in self.apart if standing.call != call]


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


class QueueView:
    """All calls and operators, with the lines as index. Mutable; owned by one router, simulator or test."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self.profiles = {profile.name: profile for profile in profiles}
        self.scarcity = scarcity(self.profiles.values())
        self.calls: dict[CallId, QueuedCall] = {}
        self.operators: dict[str, QueuedOperator] = {}
        self.queues: dict[str, Queue] = {}
        self.lines: dict[Need, Line] = {}
        self.timers = Timers()
        self.crowded: dict[Need, Line] = {}
        self._line_of: dict[CallId, Line] = {}
        self._serves: dict[str, list[tuple[Line, int]]] = {name: [] for name in self.profiles}
        self._beside: dict[str, tuple[float, float]] = {}

    def apply(self, change: Change) -> None:
        """Take over the rows of a change. Rows are whole, so one that comes twice does no harm."""
        for call in change.gone:
            self._leave_line(call)
            self.calls.pop(call, None)
        for row in change.calls:
            self._leave_line(row.call)
            self.calls[row.call] = row
            if row.state == "waiting":
                self._join_line(row)
        for operator in change.operators:
            self._step_aside(operator.name)
            self._count(operator)
            self.operators[operator.name] = operator
            self.timers.set(operator)
            if operator.state == "ready":
                self._stand_by(operator)
        for queue in change.queues:
            self.queues[queue.queue] = queue

    def reserve(self, call: CallId, operator: str) -> None:
        """Leave both out of further decisions: an offer is on its way to the store."""
        self._leave_line(call)
        self._step_aside(operator)

    def restore(self, call: CallId, operator: str) -> None:
        """The store refused: both stand again as their newest rows say."""
        row, person = self.calls.get(call), self.operators.get(operator)
        self.apply(Change("restore", calls=(row,) if row else (), operators=(person,) if person else ()))

    def settle(self, call: CallId) -> None:
        """Nothing sets the call apart any more: it stands in its line like any other."""
        line, row = self._line_of[call], self.calls[call]
        line.discard(call)
        line.calls.add(Standing(row.rank, call))

    def line(self, wanted: Need) -> Line:
        """The line of calls with this need; made when the first one comes."""
        line = self.lines.get(wanted)
        return self._open_line(wanted) if line is None else line

    def waiting(self) -> Iterator[QueuedCall]:
        """Calls that nobody talks to, in no order."""
        return (call for call in self.calls.values() if call.state != "talking")

    def _join_line(self, row: QueuedCall) -> None:
        line = self.line(need(row.queue, row.topic, row.language, row.skills))
        standing = Standing(row.rank, row.call)
        if row.declined or row.preferred:
            insort(line.apart, standing)
        else:
            line.calls.add(standing)
        self._line_of[row.call] = line
        self.crowded[line.need] = line

    def _leave_line(self, call: CallId) -> None:
        line = self._line_of.pop(call, None)
        if line:
            line.discard(call)
            if not len(line):
                self.crowded.pop(line.need, None)

    def _open_line(self, wanted: Need) -> Line:
        line = self.lines[wanted] = Line(wanted)
        for name, profile in self.profiles.items():
            own = level(profile, wanted)
            if own is None:
                continue
            self._serves[name].append((line, own))
            if name in self.operators and self.operators[name].state != "gone":
                line.signed_in += 1
            if name in self._beside:
                insort(line.free, FreeOperator(own, *self._beside[name], name))
        return line

    def _count(self, operator: QueuedOperator) -> None:
        known = self.operators.get(operator.name)
        change = (operator.state != "gone") - (known is not None and known.state != "gone")
        if change:
            for line, _ in self._serves.get(operator.name, ()):
                line.signed_in += change

    def _stand_by(self, operator: QueuedOperator) -> None:
        if operator.name not in self.profiles:
            return
        self._beside[operator.name] = beside = (self.scarcity[operator.name], operator.idle_since)
        for line, own in self._serves[operator.name]:
            insort(line.free, FreeOperator(own, *beside, operator.name))

    def _step_aside(self, name: str) -> None:
        beside = self._beside.pop(name, None)
        if beside is None:
            return
        for line, own in self._serves[name]:
            place = bisect_left(line.free, FreeOperator(own, *beside, name))
            del line.free[place]
