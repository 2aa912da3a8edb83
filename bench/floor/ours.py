"""The floor under the product's own policy: `match` on a `QueueView`, nothing of it simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf

from bench.floor.clockwork import Clockwork
from bench.floor.day import BACK_TO_DESK_SECONDS, LEVEL_SLOWDOWN, Caller, Day
from ivr.call.events import CallId
from ivr.queue.model import Change, QueuedCall, QueuedOperator
from ivr.routing.match import Decision, match
from ivr.routing.policy import Policy
from ivr.routing.redistribute import redistribute
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView


class Floor:
    """The store's transitions as rows; only what this floor needs of them."""

    def __init__(self, day: Day, policy: Policy) -> None:
        self.policy = policy
        self.clock = Clockwork()
        self.people = {person.name: person for person in day.people}
        self.callers = {CallId(f"{caller.number:07}"): caller for caller in day.callers}
        self.view = QueueView(Profile(person.name, person.skills) for person in day.people)
        self.waits: dict[int, float] = {}
        self.offers = 0
        self.lent = 0
        self.on_enter: Callable[[QueuedCall], None] = lambda _row: None
        self.on_answer: Callable[[QueuedCall], None] = lambda _row: None
        self.redistributed_at = 0.0
        self.rings: dict[CallId, int] = {}
        self.asked_for: float | None = None
        for name in self.people:
            self.view.apply(Change("ready", operators=(QueuedOperator(name, "ready", 0, 0),)))
        for call, caller in self.callers.items():
            self.clock.at(caller.at, partial(self.enter, call, caller))

    def change(
        self, *, call: QueuedCall | None = None, gone: CallId | None = None, person: QueuedOperator | None = None
    ) -> None:
        self.view.apply(
            Change(
                "simulated",
                calls=(call,) if call else (),
                gone=(gone,) if gone else (),
                operators=(person,) if person else (),
            )
        )

    def enter(self, call: CallId, caller: Caller) -> None:
        now = self.clock.now
        row = QueuedCall(call, "people", caller.topic, "ru", (), 0, "federal", "one", now, now, now, "")
        self.on_enter(row)
        self.change(call=row)
        if caller.patience_seconds < inf:
            self.clock.at(now + caller.patience_seconds, partial(self.leave, call))
        self.decide()

    def leave(self, call: CallId) -> None:
        row = self.view.calls.get(call)
        if row is not None:
            self.release(row)
            self.change(gone=call)
            self.decide()

    def release(self, row: QueuedCall, but: str = "") -> None:
        """Operators who ring in vain are free again, and not to blame."""
        for name in row.offers:
            if name != but:
                person = self.view.operators[name]
                self.change(person=replace(person, state="ready", since=self.clock.now, call="", offer=""))

    def decide(self) -> None:
        now = self.clock.now
        self.redistribute(now)
        matches = match(self.view, self.policy, now)
        for decision in matches.decisions:
            self.ring(decision)
        at = matches.next_change_at
        if at is not None and (self.asked_for is None or at < self.asked_for or self.asked_for <= now):
            self.asked_for = at
            self.clock.at(at, self.decide)

    def redistribute(self, now: float) -> None:
        if now < self.redistributed_at + self.policy.redistribute_seconds:
            return
        self.redistributed_at = now
        for assignment in redistribute(self.view, self.policy, 220.0):
            row = self.view.operators[assignment.operator]
            self.lent += bool(assignment.topic)
            self.change(person=replace(row, assigned=assignment.topic))

    def ring(self, decision: Decision) -> None:
        now, call = self.clock.now, self.view.calls[decision.call]
        person = self.view.operators[decision.operator]
        self.offers += 1
        offer = str(self.offers)
        self.change(
            call=replace(call, state="offered", offers={**call.offers, person.name: offer}),
            person=replace(person, state="offered", since=now, call=call.call, offer=offer),
        )
        caller = self.callers[call.call]
        number = self.rings[call.call] = self.rings.get(call.call, -1) + 1
        answer_at = self.people[person.name].answers_at(now, caller, number)
        if answer_at <= now + decision.ring_seconds:
            self.clock.at(answer_at, lambda: self.talk(call.call, person.name, offer))
        else:
            self.clock.at(now + decision.ring_seconds, lambda: self.missed(call.call, person.name, offer, answer_at))

    def talk(self, call: CallId, name: str, offer: str) -> None:
        row = self.view.calls.get(call)
        if row is None or row.offers.get(name) != offer:
            return
        now, caller = self.clock.now, self.callers[call]
        self.release(row, but=name)
        self.waits[caller.number] = now - caller.at
        self.on_answer(row)
        self.change(
            gone=call, person=replace(self.view.operators[name], state="talking", since=now, offer="", misses=0)
        )
        talk_seconds = caller.talk_seconds * LEVEL_SLOWDOWN[self.people[name].skills[caller.topic]]
        self.clock.at(now + talk_seconds + self.policy.wrap_up_seconds, lambda: self.free(name))
        self.decide()

    def missed(self, call: CallId, name: str, offer: str, back_at: float) -> None:
        row = self.view.calls.get(call)
        if row is None or row.offers.get(name) != offer:
            return
        now, person = self.clock.now, self.view.operators[name]
        offers = {other: identity for other, identity in row.offers.items() if other != name}
        declined = {**row.declined, name: now + self.policy.not_again_seconds}
        paused = person.misses + 1 >= self.policy.misses_allowed
        self.change(
            call=replace(row, state="offered" if offers else "waiting", offers=offers, declined=declined),
            person=replace(
                person,
                state="paused" if paused else "ready",
                since=now,
                idle_since=now,
                misses=person.misses + 1,
                call="",
                offer="",
            ),
        )
        if paused:
            self.clock.at(max(back_at, now) + BACK_TO_DESK_SECONDS, lambda: self.free(name))
        self.decide()

    def free(self, name: str) -> None:
        now = self.clock.now
        row = self.view.operators[name]
        self.change(
            person=replace(
                row, state="ready", since=now, idle_since=now, misses=0 if row.state == "paused" else row.misses
            )
        )
        self.decide()


def waits(day: Day, policy: Policy) -> dict[int, float]:
    """Caller → seconds from entering the queue to the operator's voice; who hung up before is not named."""
    floor = Floor(day, policy)
    floor.clock.run()
    return floor.waits
