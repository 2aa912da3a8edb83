"""What is said in the middle of a talk: somebody is asked in, takes over, or is let go."""

from __future__ import annotations

from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ivr.call.events import CallId
from ivr.queue.model import Done, Refused
from tests.store.queue.queue_world import QueueWorld, calls, operators


class TalkCommands(QueueWorld):
    """A further operator is asked in to a talk, and takes it over or is let go."""

    @precondition(lambda self: self.model.calls_that("talking") and self.model.operators_that("ready"))
    @rule(data=st.data(), acts=st.lists(st.integers(0, 4), max_size=4))
    def consultation(self, data: st.DataObject, acts: list[int]) -> None:
        """One that is possible, and what may become of it."""
        call = CallId(data.draw(st.sampled_from(self.model.calls_that("talking"))))
        operator = data.draw(st.sampled_from(self.model.operators_that("ready")))
        self.ask_in(call, operator, "offered")
        for act in acts:
            (
                lambda: self.ask_in(call, operator, "talking"),
                lambda: self.let_go(call),
                lambda: self.pass_on(call),
                lambda: self.pause_in_consultation(operator),
                lambda: self.ask_in(call, operator, "offered"),
            )[act]()

    @rule(call=calls, operator=operators, state=st.sampled_from(["offered", "talking"]))
    def ask_in(self, call: CallId, operator: str, state: Literal["offered", "talking"]) -> None:
        answer = self.wait(self.store.ask_in(call, operator, state, now=self.now))
        talk, person = self.calls.get(call), self.operators.get(operator)
        if talk is None or talk.state != "talking":
            assert answer == Refused("not_talking")
            return
        free = person and person.state == "ready" and not talk.asked_in and state == "offered"
        rings = person and person.call == call and talk.asked_in == operator
        if not person or not (free or rings):
            assert answer == Refused("operator_busy")
            return
        assert answer == Done()
        person.state, person.call, person.offer = state, call, ""
        talk.asked_in = operator

    @rule(call=calls)
    def let_go(self, call: CallId) -> None:
        answer = self.wait(self.store.let_go(call, now=self.now))
        if call not in self.calls or self.calls[call].state != "talking":
            assert answer == Refused("not_talking")
        else:
            assert answer == Done()
            self.model.dismiss(call)

    @rule(call=calls)
    def pass_on(self, call: CallId) -> None:
        answer = self.wait(self.store.pass_on(call, now=self.now, wrap_up_seconds=15))
        talk = self.calls.get(call)
        if talk is None or talk.state != "talking":
            assert answer == Refused("not_talking")
        elif not talk.asked_in:
            assert answer == Refused("offer_over")
        else:
            assert answer == Done()
            self.model.part(talk.operator)
            talk.operator, talk.asked_in = talk.asked_in, ""
            self.operators[talk.operator].state, self.operators[talk.operator].misses = "talking", 0

    def pause_in_consultation(self, operator: str) -> None:
        self.wait(self.store.pause(operator, "lunch", now=self.now))
        self.model.stand_down(operator, "paused", "lunch")
