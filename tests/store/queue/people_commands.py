"""What operators and ops say: who works, and what is to be done otherwise."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ivr.call.events import CallId
from ivr.queue.model import Done, Refused
from tests.store.queue.call_commands import URGENCY
from tests.store.queue.queue_model import OperatorModel
from tests.store.queue.queue_world import QueueWorld, calls, operators


class PeopleCommands(QueueWorld):
    """Operators come, pause and go; ops move, hurry and close."""

    @rule(operator=operators)
    def end_wrap_up(self, operator: str) -> None:
        row = self.people.get(operator)
        until_at = row.until_at if row else 0
        answer = self.wait(self.store.end_wrap_up(operator, until_at, now=self.now))
        if operator in self.operators and self.operators[operator].state == "wrap_up":
            assert answer == Done()
            self.model.free(operator)
        else:
            assert answer == Refused("wrap_up_over")

    @rule(operator=operators)
    def ready(self, operator: str) -> None:
        self.wait(self.store.ready(operator, now=self.now))
        person = self.operators.setdefault(operator, OperatorModel())
        person.intent, person.reason = "ready", ""
        if person.state in ("gone", "paused", "wrap_up"):
            person.misses = 0
            self.model.free(operator)

    @rule(operator=operators)
    def pause(self, operator: str) -> None:
        answer = self.wait(self.store.pause(operator, "lunch", now=self.now))
        if operator not in self.operators or self.operators[operator].state == "gone":
            assert answer == Refused("unknown_operator")
        else:
            self.model.stand_down(operator, "paused", "lunch")

    @rule(operator=operators)
    def sign_out(self, operator: str) -> None:
        answer = self.wait(self.store.sign_out(operator, now=self.now))
        if operator not in self.operators:
            assert answer == Refused("unknown_operator")
        else:
            self.operators[operator].assigned = self.operators[operator].assigned_by = ""
            self.model.stand_down(operator, "gone", "")

    @rule(operator=operators, topic=st.sampled_from(["", "t", "auto"]), by=st.sampled_from(["", "ops"]))
    def assign(self, operator: str, topic: str, by: str) -> None:
        answer = self.wait(self.store.assign(operator, topic, now=self.now, by=by))
        person = self.operators.get(operator)
        if person is None or person.state == "gone":
            assert answer == Refused("unknown_operator")
        elif not by and person.assigned_by:
            assert answer == Refused("overruled")
        else:
            person.assigned, person.assigned_by = ("", "") if topic == "auto" else (topic, by)

    @rule(call=calls, queue=st.sampled_from(["q", "other"]))
    def move_call(self, call: CallId, queue: str) -> None:
        answer = self.wait(
            self.store.move_call(call, queue=queue, topic="t", language="ru", skills=(), now=self.now, by="ops")
        )
        if (refusal := self.cannot_be_changed(call)) is not None:
            assert answer == refusal
        else:
            self.model.withdraw(call)
            self.calls[call].state, self.calls[call].queue = "waiting", queue

    @rule(call=calls, priority=st.integers(0, 2))
    def prioritise(self, call: CallId, priority: int) -> None:
        answer = self.wait(self.store.prioritise(call, priority, urgency_seconds=URGENCY, now=self.now, by="ops"))
        if (refusal := self.cannot_be_changed(call)) is not None:
            assert answer == refusal
        else:
            self.calls[call].rank = self.calls[call].place - priority * URGENCY

    def cannot_be_changed(self, call: CallId) -> Refused | None:
        if call not in self.calls:
            return Refused("call_gone")
        return Refused("call_taken") if self.calls[call].state == "talking" else None

    @rule(closed=st.booleans())
    def configure_queue(self, closed: bool) -> None:
        self.wait(self.store.configure_queue("q", now=self.now, closed=closed, by="ops"))
        self.closed = closed
