"""The queue as the router sees it: a fold over the store's changes, arranged so that a decision need not search.

Calls with equal needs stand in one line, in the order of their rank; beside each line stand the free operators who can
serve it, best first. Lines are few (topics × languages × queues), whatever the number of calls. No I/O, no clock.

The view is never trusted over the store: what it decides is a proposal that the store may refuse.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from ivr.call.events import CallId
from ivr.queue.model import Change, Queue, QueuedCall, QueuedOperator
from ivr.routing.line import CallOrder, FreeOperator, Line, Standing
from ivr.routing.skills import Need, Profile, level, need, scarcity
from ivr.routing.timers import Duty, Sleepers, Timers


class QueueView:
    """All calls and operators, with the lines as index. Mutable; owned by one router, simulator or test."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self.profiles = {profile.name: profile for profile in profiles}
        self.calls: dict[CallId, QueuedCall] = {}
        self.operators: dict[str, QueuedOperator] = {}
        self.queues: dict[str, Queue] = {}
        self.lines: dict[Need, Line] = {}
        self.crowded: dict[Need, Line] = {}
        self.turns = CallOrder()
        """All calls that nobody talks to, also those that ring, by rank."""
        self.crowds: dict[tuple[str, str], CallOrder] = {}
        """The same by (queue, topic), in the order of their entry."""
        self.timers = Timers()
        self._duty = Duty(self.profiles.values())
        self._sleepers = Sleepers()
        self._scarcity = scarcity(self.profiles.values())
        self._line_of: dict[CallId, tuple[Line, Standing]] = {}
        self._serves: dict[str, list[tuple[Line, int]]] = {name: [] for name in self.profiles}
        self._beside: dict[str, list[tuple[Line, FreeOperator]]] = {}
        self._present: set[str] = set()
        self.working: set[str] = set()
        self.lent: set[str] = set()
        """Operators whom the rule, not a person, has assigned to a topic."""
        self.owed: dict[str, int] = {}
        """Operator → turns owed to calls that starve, because one of them was passed."""

    def apply(self, change: Change) -> None:
        """Take over the rows of a change. Rows are whole, so one that comes twice does no harm."""
        for call in change.gone:
            self._leave_line(call)
            self._count(self.calls.pop(call, None), None)
        for row in change.calls:
            self._leave_line(row.call)
            self._count(self.calls.get(row.call), row)
            self.calls[row.call] = row
            if row.not_before:
                self._sleepers.add(row)
            elif row.state == "waiting":
                self._join_line(row)
        for operator in change.operators:
            self.operators[operator.name] = operator
            self.timers.set(operator)
            (self.lent.add if operator.assigned and not operator.assigned_by else self.lent.discard)(operator.name)
            self._place(operator.name)
        for queue in change.queues:
            self.queues[queue.queue] = queue

    def wake(self, now: float) -> None:
        """Let come true what time alone brings: callbacks that may be tried, working hours that begin or end."""
        for at, call in self._sleepers.due(now):
            row = self.calls.get(call)
            if row and row.not_before == at and row.state == "waiting" and call not in self._line_of:
                self._join_line(row)
        for name in self._duty.turn(now):
            self._place(name)

    def next_wake_at(self) -> float | None:
        """When `wake` has something to do next."""
        return min((at for at in (self._sleepers.next_at(), self._duty.next_at()) if at is not None), default=None)

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
        line, standing = self._line_of[call]
        line.discard(standing)
        line.stand(standing, urgent=self.calls[call].priority > 0)

    def mark_late(self, line: Line, placed_before: float) -> None:
        """Move the calls over that can no longer be answered in time: none of them is urgent, so rank is place."""
        while (first := line.calls.first()) and first.rank <= placed_before:
            line.calls.discard(first.call)
            line.late.add(first)
            line.passed_at[first.call] = line.passed

    def lines_of(self, operator: str) -> Iterator[Line]:
        """Lines in which calls stand that the operator can serve."""
        return (line for line, _ in self._serves[operator] if len(line))

    def line(self, wanted: Need) -> Line:
        """The line of calls with this need; made when the first one comes."""
        line = self.lines.get(wanted)
        return self._open_line(wanted) if line is None else line

    def on_duty(self, name: str) -> bool:
        """Whether the operator is known and within working hours."""
        return name in self.profiles and name not in self._duty.off

    def _count(self, before: QueuedCall | None, row: QueuedCall | None) -> None:
        """Keep `turns` and `crowds`; most changes of a call leave both as they are."""
        known = before is not None and before.state != "talking"
        waits = row is not None and row.state != "talking"
        if before and row and known and waits and _stands_alike(before, row):
            return
        if before and known:
            self.turns.discard(before.call)
            self.crowds[before.queue, before.topic].discard(before.call)
        if row and waits:
            self.turns.add(Standing(row.rank, row.call))
            self.crowds.setdefault((row.queue, row.topic), CallOrder()).add(Standing(row.entered_at, row.call))

    def _join_line(self, row: QueuedCall) -> None:
        line = self.line(need(row.queue, row.topic, row.language, row.skills))
        standing = Standing(row.rank, row.call)
        if row.declined or row.preferred:
            insort(line.apart, standing)
        else:
            line.stand(standing, urgent=row.priority > 0)
        self._line_of[row.call] = line, standing
        self.crowded[line.need] = line

    def _leave_line(self, call: CallId) -> None:
        if (stood := self._line_of.pop(call, None)) is not None:
            line, standing = stood
            line.discard(standing)
            if not len(line):
                self.crowded.pop(line.need, None)

    def _open_line(self, wanted: Need) -> Line:
        line = self.lines[wanted] = Line(wanted)
        for name, profile in self.profiles.items():
            own = level(profile, wanted)
            if own is None:
                continue
            self._serves[name].append((line, own))
            line.signed_in += name in self._present
            line.working += name in self.working
            line.experts += name in self.working and own == 1
            insort(line.able, (own, name))
            if name in self._beside:
                self._stand_beside(line, own, self.operators[name])
        return line

    def _place(self, name: str) -> None:
        """Put the operator where row and working hours say."""
        operator = self.operators.get(name)
        if operator is None or name not in self.profiles:
            return
        self._step_aside(name)
        present = operator.state != "gone" and self.on_duty(name)
        works = present and operator.state != "paused"
        signed_in, working = present - (name in self._present), works - (name in self.working)
        if signed_in or working:
            (self._present.add if present else self._present.discard)(name)
            (self.working.add if works else self.working.discard)(name)
            for line, own in self._serves[name]:
                line.signed_in += signed_in
                line.working += working
                line.experts += working if own == 1 else 0
        if present and operator.state == "ready":
            self._beside[name] = []
            for line, own in self._serves[name]:
                self._stand_beside(line, own, operator)

    def _stand_beside(self, line: Line, own: int, operator: QueuedOperator) -> None:
        if operator.assigned:
            own = 1 if operator.assigned in line.need.skills else max(own, 2)
        free = FreeOperator(own, self._scarcity[operator.name], operator.idle_since, operator.name)
        insort(line.free, free)
        self._beside[operator.name].append((line, free))

    def _step_aside(self, name: str) -> None:
        for line, free in self._beside.pop(name, ()):
            del line.free[bisect_left(line.free, free)]


def _stands_alike(before: QueuedCall, row: QueuedCall) -> bool:
    same_place = before.rank == row.rank and before.entered_at == row.entered_at
    return same_place and before.queue == row.queue and before.topic == row.topic
