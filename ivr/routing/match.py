"""Which call goes to which operator now, and why.

    match(view, policy, now) -> Matches(decisions, next_change_at)

Urgent calls go first, then those who can still be answered in time, then those who no longer can: each kind in the
order of its rank, the place in the queue made earlier by urgency. Who has waited too long starves: an operator who lets
a starving call wait owes the next turns to the longest waiting ones. So a call that starves is served after those ahead
of it and a fixed number of others for each, whatever else comes in.

Order of operators for a call: lowest level that is open for it, then the least scarce, then the longest idle. Levels
open one after another as the target comes nearer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ivr.call.events import CallId
from ivr.queue.model import QueuedCall
from ivr.queue.reason import Candidate, Reason, Rule
from ivr.routing.line import FreeOperator, Line
from ivr.routing.policy import Policy
from ivr.routing.skills import need
from ivr.routing.view import QueueView

_APART_LOOKED_AT = 32  # bounds the work of a decision; who is further back is looked at when these have gone
_CANDIDATES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """Offer this call to this operator; `at_most`: how many operators may ring for it at a time."""

    call: CallId
    operator: str
    ring_seconds: float
    at_most: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Matches:
    """What to do now; and when to ask again though nothing happens (Unix seconds), None: never."""

    decisions: tuple[Decision, ...]
    next_change_at: float | None


class _Pair(NamedTuple):
    """A call and an operator that go together; sorts by whose turn it is."""

    tier: int
    rank: float
    call: CallId
    free: FreeOperator
    line: Line
    rule: Rule


_TIERS: dict[Rule, int] = {"starving": 0, "urgent": 1, "preferred": 2, "in_time": 2, "late": 3}


def match(view: QueueView, policy: Policy, now: float) -> Matches:
    """Decide all that can be decided; what is decided is reserved in the view until the store has answered."""
    view.wake(now)
    search = _Search(view, policy, now)
    decisions: list[Decision] = []
    while pair := min(search.pairs(), key=_turn, default=None):
        decisions.append(search.decide(pair))
    seconds = [search.second_ring(decision) for decision in decisions]
    moments = [at for at in (search.next_change_at, view.next_wake_at()) if at is not None]
    return Matches((*decisions, *(decision for decision in seconds if decision)), min(moments, default=None))


def _turn(pair: _Pair) -> tuple[int, float, CallId]:
    return pair.tier, pair.rank, pair.call


class _Search:
    """One search through the lines at one moment."""

    def __init__(self, view: QueueView, policy: Policy, now: float) -> None:
        self.view = view
        self.policy = policy
        self.now = now
        self.next_change_at: float | None = None

    def pairs(self) -> Iterator[_Pair]:
        """At most a few pairs of each line: no work depends on how many calls wait."""
        self.next_change_at = None
        lines = [line for line in self.view.crowded.values() if line.free]
        for line in lines:
            self._mark_late(line)
        for line in lines:
            if line.apart:
                yield from self._set_apart(line)
                self._mark_late(line)  # also those of whom nothing set them apart any more
            yield from self._in_turn(line)

    def _mark_late(self, line: Line) -> None:
        self.view.mark_late(line, self.now - self.policy.target_seconds + self.policy.answer_seconds)

    def decide(self, pair: _Pair) -> Decision:
        call = self.view.calls[pair.call]
        waited = self.now - call.place
        reason = Reason(
            rule=pair.rule,
            waited_seconds=round(waited, 3),
            priority=call.priority,
            level=pair.free.level,
            open_levels=self.policy.open_levels(waited),
            candidates=self._candidates(pair),
            free=len(pair.line.free),
            signed_in=pair.line.signed_in,
            not_again=tuple(name for name, until in call.declined.items() if until > self.now),
            opens_after_seconds=self.policy.opens_after(pair.free.level),
            awaited=call.preferred if call.preferred != pair.free.name and self._was_kept(call) else "",
            passed_by=pair.line.passed_by(call.call),
            kept_seconds=round(max(0.0, call.entered_at - call.place), 1),
            held_back_seconds=round(max(0.0, call.not_before - call.place), 1),
            lent_by=self._lent_by(pair),
        )
        pair.line.passed += pair.rule in ("urgent", "in_time") and len(pair.line.late) > 0
        self.view.reserve(call.call, pair.free.name)
        self._keep_account(pair.free.name, call)
        return Decision(call.call, pair.free.name, self.policy.ring_for(waited), 1, reason)

    def second_ring(self, first: Decision) -> Decision | None:
        """Another operator at the same time, for a call that can't bear one more ring in vain, if one is to spare."""
        call = self.view.calls[first.call]
        if call.callback:  # one operator, then the caller: nobody's telephone rings twice for it
            return None
        if not call.declined and first.reason.waited_seconds < self.policy.parallel_after_seconds:
            return None
        line = self.view.line(need(call.queue, call.topic, call.language, call.skills))
        if len(line):
            return None
        level = self.policy.open_levels(first.reason.waited_seconds)
        spare = next(
            (free for free in line.free if free.level <= level and call.declined.get(free.name, 0) <= self.now), None
        )
        if spare is None:
            return None
        self.view.reserve(call.call, spare.name)
        return replace(
            first, operator=spare.name, at_most=2, reason=replace(first.reason, rule="second_ring", level=spare.level)
        )

    def _in_turn(self, line: Line) -> Iterator[_Pair]:
        for first in (line.urgent.first(), line.calls.first(), line.late.first()):
            if first:
                yield from self._pair(line, self.view.calls[first.call], line.free)

    def _set_apart(self, line: Line) -> Iterator[_Pair]:
        for standing in line.apart[:_APART_LOOKED_AT]:
            call = self.view.calls[standing.call]
            not_again = [until for until in call.declined.values() if until > self.now]
            if self._kept(call):
                self._look_again(call.place + self.policy.preferred_seconds)
                own = next((free for free in line.free if free.name == call.preferred), None)
                if own and call.declined.get(own.name, 0) <= self.now:
                    yield self._made(line, call, own, "preferred")
            elif not_again:
                self._look_again(min(not_again))
                yield from self._pair(
                    line, call, [free for free in line.free if call.declined.get(free.name, 0) <= self.now]
                )
            else:
                self.view.settle(call.call)

    def _kept(self, call: QueuedCall) -> bool:
        """Whether the call waits for the operator who knows the case."""
        if not call.preferred or self.now >= call.place + self.policy.preferred_seconds:
            return False
        operator = self.view.operators.get(call.preferred)
        return operator is not None and operator.intent == "ready"

    def _was_kept(self, call: QueuedCall) -> bool:
        """Whether the call has waited in vain for the operator who knows the case."""
        return call.preferred in self.view.working and self.now >= call.place + self.policy.preferred_seconds

    def _pair(self, line: Line, call: QueuedCall, free: Sequence[FreeOperator]) -> Iterator[_Pair]:
        """The best of the free operators, if a level is open that he has; else when it opens."""
        if not free:
            return
        opens_at = call.place + self.policy.opens_after(free[0].level)
        if opens_at > self.now:
            self._look_again(opens_at)
        else:
            yield self._made(line, call, free[0], self._rule(call, free[0].name))

    def _rule(self, call: QueuedCall, operator: str) -> Rule:
        if self._starves(call) and (self.view.owed.get(operator) or self._few_are_late(operator)):
            return "starving"
        if call.priority:
            return "urgent"
        return "in_time" if self.now - call.place < self.policy.target_seconds - self.policy.answer_seconds else "late"

    def _few_are_late(self, operator: str) -> bool:
        """In all lines that the operator serves together: a short one must not go before one that waits longer."""
        lines = tuple(self.view.lines_of(operator))
        late = sum(len(line.late) for line in lines)
        return late <= self.policy.short_tail * max((line.working for line in lines), default=0)

    def _starves(self, call: QueuedCall) -> bool:
        return self.now - call.place >= self.policy.starvation_seconds

    def _lent_by(self, pair: _Pair) -> str:
        row = self.view.operators[pair.free.name]
        return (row.assigned_by or "rule") if row.assigned and row.assigned in pair.line.need.skills else ""

    def _keep_account(self, operator: str, taken: QueuedCall) -> None:
        """An operator who lets a starving call wait owes the next turns to those who starve."""
        owed = self.view.owed.get(operator, 0)
        if self._starves(taken):
            self.view.owed[operator] = max(0, owed - 1)
        elif owed == 0:
            waits = (
                self.now - first.rank  # nobody late is urgent: rank is place
                for line in self.view.lines_of(operator)
                if (first := line.late.first())
            )
            self.view.owed[operator] = max(0, self.policy.turns_owed(max(waits, default=0)))

    def _made(self, line: Line, call: QueuedCall, free: FreeOperator, rule: Rule) -> _Pair:
        return _Pair(_TIERS[rule], call.rank, call.call, free, line, rule)

    def _look_again(self, at: float) -> None:
        if self.next_change_at is None or at < self.next_change_at:
            self.next_change_at = at

    def _candidates(self, pair: _Pair) -> tuple[Candidate, ...]:
        others = [free for free in pair.line.free[:_CANDIDATES_NAMED] if free.name != pair.free.name]
        return tuple(
            Candidate(free.name, free.level, free.scarcity, round(max(0.0, self.now - free.idle_since), 1))
            for free in (pair.free, *others)
        )
