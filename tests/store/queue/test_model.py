"""Random commands against a real server and a plain model: no call lost or doubled, no operator with two calls.

Several routers race for the lease, and any sequence may stop between two commands, as crashes do. `IVR_QUEUE_STEPS` is
the number of steps: 10 000 by default, a million at night (`make nightly`), which says every 10 000 how far it is.
"""

from __future__ import annotations

import os
import sys
import time

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from ivr.call.events import CallId
from tests.store.queue.call_commands import CallCommands
from tests.store.queue.people_commands import PeopleCommands
from tests.store.queue.queue_world import CALLS, OPERATORS, QueueWorld, calls
from tests.store.queue.talk_commands import TalkCommands

pytestmark = [pytest.mark.store, pytest.mark.timeout(0)]

STEPS = int(os.environ.get("IVR_QUEUE_STEPS", "10000"))
STEPS_A_RUN = 50
RUNS_A_ROUND = 50
FOUND = ["ready", "offered", "talking", "wrap_up", "paused"]
"""What operators may be doing as a run begins."""


class QueueMachine(CallCommands, PeopleCommands, TalkCommands):
    """The model is what the commands promise, written down once more without Redis."""

    @initialize(found=st.lists(st.sampled_from(FOUND), min_size=1, max_size=len(OPERATORS)))
    def people_are_at_work(self, found: list[str]) -> None:
        """Each is found at something else; commands drawn by chance would seldom bring them there."""
        self.lead("first")
        for operator, call, doing in zip(OPERATORS, CALLS, found, strict=False):
            self.ready(operator)
            if doing in ("offered", "talking", "wrap_up"):
                self.enter(call, 0, token=False)
                self.offer("first", call, operator, 1, by="")
            if doing in ("talking", "wrap_up"):
                self.accept_offer(self.made[-1])
            if doing == "wrap_up":
                self.end_talk(call)
            if doing == "paused":
                self.pause(operator)
        self.enter(CALLS[len(OPERATORS)], 0, token=False)

    @rule(seconds=st.integers(0, 20))
    def time_goes_by(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self.holder and self.model.calls_that("waiting") and self.model.operators_that("ready"))
    @rule(data=st.data(), acts=st.lists(st.integers(0, 9), min_size=2, max_size=4), callback=st.booleans())
    def story(self, data: st.DataObject, acts: list[int], callback: bool) -> None:
        """An offer that is possible, and what may become of it, one thing after another: second ends, late ends."""
        call = CallId(data.draw(st.sampled_from(self.model.calls_that("waiting"))))
        operator = data.draw(st.sampled_from(self.model.operators_that("ready")))
        if callback:
            call = self.request_callback(call)
        self.offer(self.holder, call, operator, 2, by="")
        offer = self.made[-1]
        for act in acts:
            self.redis_is_as_the_model()
            (
                lambda: self.accept_offer(offer),
                lambda: self.accept_offer(offer),
                lambda: self.decline_offer(offer, "no_answer"),
                lambda: self.decline_offer(offer, "withdrawn"),
                lambda: self.miss_callback_of(offer),
                lambda: self.move_call(call, "other"),
                lambda: self.request_callback(call),
                lambda: self.pause(operator),
                lambda: self.leave(call, keep=True),
                lambda: self.end_talk(call),
            )[act]()

    @rule(alive=st.sets(calls))
    def controller_restarts(self, alive: set[CallId]) -> None:
        for call in list(self.calls):
            if call not in alive:
                self.leave(CallId(call), keep=False)

    @precondition(lambda self: self.answers or self.streamed)
    @rule(data=st.data())
    def news_comes(self, data: st.DataObject) -> None:
        """Answers overtake the stream and each other, and those to other controllers never come to this one."""
        for _ in range(data.draw(st.integers(1, 6))):
            way = data.draw(st.sampled_from(["stream", "answer", "not to us"]))
            if way == "stream" and self.streamed:
                change = self.order.streamed(self.streamed.pop(0))
            elif way != "stream" and self.answers:
                answer = self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1)))
                change = self.order.answered(answer) if way == "answer" else None
            else:
                continue
            if change is not None:
                self.hasty.apply(change)

    @rule()
    def all_news_has_come(self) -> None:
        for entry in self.streamed:
            change = self.order.streamed(entry)
            if change is not None:
                self.hasty.apply(change)
        for answer in self.answers:
            assert self.order.answered(answer) is None, "an answer that comes after the stream says nothing new"
        self.streamed.clear()
        self.answers.clear()
        assert (self.hasty.calls, self.hasty.operators) == (self.view.calls, self.view.operators)


def test_commands_keep_their_promises(store_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs end early when chance wills, so steps are counted, not runs; rounds keep what hypothesis remembers small."""
    rounds = settings(
        max_examples=RUNS_A_ROUND,
        stateful_step_count=STEPS_A_RUN,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    begun_at = time.monotonic()
    with QueueWorld.connected(store_port):
        while QueueWorld.checked < STEPS:
            run_state_machine_as_test(QueueMachine, settings=rounds)
            with capsys.disabled():
                sys.stdout.write(f"{QueueWorld.checked} of {STEPS} steps, {time.monotonic() - begun_at:.0f} s\n")
                sys.stdout.flush()
