"""Random commands against a real server and a plain model: no call lost or doubled, no operator with two calls.

Several routers race for the lease, and any sequence may stop between two commands, as crashes do. `IVR_QUEUE_STEPS` is
the number of steps (10 000 by default, a million at night).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from ivr.call.events import CallId
from ivr.queue import keys
from ivr.queue import rows as rows_of
from ivr.queue.model import (
    CallbackMissed,
    Change,
    Done,
    Entered,
    Following,
    Leading,
    Left,
    Offer,
    OfferDeclined,
    QueuedCall,
    Refused,
)
from ivr.queue.store import QueueStore
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView
from tests.store.queue.queue_model import CallModel, OperatorModel, QueueModel, of_call, of_operator

pytestmark = [pytest.mark.store, pytest.mark.timeout(0)]

STEPS_A_RUN = 50
RUNS = max(1, int(os.environ.get("IVR_QUEUE_STEPS", "10000")) // STEPS_A_RUN)
BACKS = [CallId(f"back{number}") for number in range(3)]
CALLS = [CallId(f"call{number}") for number in range(5)] + BACKS
OPERATORS = [f"operator{number}" for number in range(3)]
ROUTERS = ["first", "second"]
LIMIT = 4
MISSES = 2
TRIES = 2
URGENCY = 100.0

calls = st.sampled_from(CALLS)
operators = st.sampled_from(OPERATORS)
routers = st.sampled_from(ROUTERS)
T = TypeVar("T")


class QueueMachine(RuleBasedStateMachine):
    """The model is what the commands promise, written down once more without Redis."""

    port: int

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = Redis(host="127.0.0.1", port=self.port, socket_timeout=None)
        self.store = QueueStore(self.redis)
        self.wait(self.redis.flushall())
        self.now = 1_700_000_000.0
        self.model = QueueModel()
        self.calls, self.operators = self.model.calls, self.model.operators
        self.made: list[Offer] = []
        self.epochs: dict[str, int] = {}
        self.holder = ""
        self.epoch = 0
        self.closed = False
        self.places: dict[str, float] = {}
        self.view = QueueView([Profile(name, {}) for name in OPERATORS])
        self.position = "0-0"
        self.wait(self.store.configure_queue("q", now=self.now, limit=LIMIT))

    def teardown(self) -> None:
        self.wait(self.redis.aclose())
        self.runner.close()

    def wait(self, awaitable: Awaitable[T]) -> T:
        async def run() -> T:
            return await awaitable

        return self.runner.run(run())

    def offer_is_open(self, offer: Offer) -> bool:
        call = self.calls.get(offer.call)
        return call is not None and call.offers.get(offer.operator) == offer.offer

    # Commands

    @initialize(ready=st.sets(operators, min_size=1))
    def people_come_to_work(self, ready: set[str]) -> None:
        self.lead("first")
        for name in sorted(ready):
            self.ready(name)
        self.enter(CALLS[0], 0, token=False)

    @rule(seconds=st.integers(0, 20))
    def time_goes_by(self, seconds: int) -> None:
        self.now += seconds

    @rule(call=calls, priority=st.integers(0, 1), token=st.booleans())
    def enter(self, call: CallId, priority: int, token: bool) -> None:
        row = QueuedCall(
            call=call,
            queue="q",
            topic="t",
            language="ru",
            skills=(),
            priority=priority,
            line="federal",
            controller="one",
            entered_at=self.now,
            place=self.now,
            rank=self.now - priority * URGENCY,
            waiting_key=keys.waiting("q"),
        )
        answer = self.wait(self.store.enter(row, f"caller-{call}" if token else ""))
        if call not in self.calls:
            if self.closed or len(self.model.standing("q")) >= LIMIT:
                assert answer == Refused("closed" if self.closed else "full")
                return
            place = self.places.pop(call, self.now) if token else self.now
            self.calls[call] = CallModel(place=place, rank=place - priority * URGENCY)
        if self.calls[call].state != "talking":
            position = self.model.standing(self.calls[call].queue).index(call) + 1
            assert answer == Entered(position=position, place=self.calls[call].place)

    @rule(router=routers)
    def lead(self, router: str) -> None:
        answer = self.wait(self.store.lead(router, 1000))
        if self.holder in ("", router):
            self.epoch += self.holder == ""
            self.holder = router
            self.epochs[router] = self.epoch
            assert answer == Leading(self.epoch)
        else:
            assert isinstance(answer, Following)

    @rule()
    def lease_runs_out(self) -> None:
        self.wait(self.redis.delete(keys.LEASE))
        self.holder = ""

    @rule(router=routers)
    def stop_leading(self, router: str) -> None:
        self.wait(self.store.yield_lead(router))
        if self.holder == router:
            self.holder = ""

    @rule(
        router=routers, call=calls, operator=operators, at_most=st.integers(1, 2), by=st.sampled_from(["", "", "ops"])
    )
    def offer(self, router: str, call: CallId, operator: str, at_most: int, by: str) -> None:
        epoch = self.epochs.get(router, -1)
        offer = Offer(f"{router}.{len(self.made)}", call, operator, 10)
        answer = self.wait(self.store.offer(offer, epoch=epoch, now=self.now, at_most=at_most, reason="{}", by=by))
        known = self.calls.get(call)
        if not by and epoch != self.epoch:
            assert answer == Refused("stale_router")
        elif known is None:
            assert answer == Refused("call_gone")
        elif known.state == "talking" or len(known.offers) >= at_most:
            assert answer == Refused("call_taken")
        elif operator not in self.operators or self.operators[operator].state != "ready":
            assert answer == Refused("operator_busy")
        else:
            assert answer == Done()
            self.made.append(offer)
            known.state = "offered"
            known.offers[operator] = offer.offer
            person = self.operators[operator]
            person.state, person.call, person.offer = "offered", call, offer.offer

    @precondition(lambda self: self.calls and self.operators and self.holder)
    @rule(data=st.data(), at_most=st.integers(1, 2))
    def offer_likely(self, data: st.DataObject, at_most: int) -> None:
        """Mostly possible offers, as random ones rarely are: known calls, people of any state."""
        call, operator = (
            data.draw(st.sampled_from(sorted(self.calls))),
            data.draw(st.sampled_from(sorted(self.operators))),
        )
        self.offer(self.holder, CallId(call), operator, at_most, by="")

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

    def drawn_offer(self, data: st.DataObject) -> Offer:
        """One that is open, when there is one and chance wills; else one of the newest."""
        still_open = [offer for offer in self.made if self.offer_is_open(offer)]
        return data.draw(st.sampled_from(still_open * data.draw(st.integers(0, 1)) or self.made[-8:]))

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        self.accept_offer(self.drawn_offer(data))

    def accept_offer(self, offer: Offer) -> None:
        open_before = self.offer_is_open(offer)
        answer = self.wait(self.store.accept(offer, now=self.now))
        assert answer == (Done() if open_before else Refused("offer_over"))
        if open_before:
            self.model.withdraw(offer.call, but=offer.operator)
            self.calls[offer.call].state, self.calls[offer.call].operator = "talking", offer.operator
            person = self.operators[offer.operator]
            person.state, person.offer, person.misses = "talking", "", 0

    @precondition(lambda self: self.made)
    @rule(data=st.data(), end=st.sampled_from(["no_answer", "declined", "unreachable", "withdrawn"]))
    def decline(self, data: st.DataObject, end: Any) -> None:
        self.decline_offer(self.drawn_offer(data), end)

    def decline_offer(self, offer: Offer, end: Any) -> None:
        open_before = self.offer_is_open(offer)
        answer = self.wait(
            self.store.decline(offer, end, now=self.now, misses_allowed=MISSES, not_again_until=self.now + 20)
        )
        if not open_before:
            assert answer == Refused("offer_over")
            return
        person = self.operators[offer.operator]
        person.misses += end == "no_answer"
        paused = end == "unreachable" or (end == "no_answer" and person.misses >= MISSES)
        if paused and person.intent == "ready":
            person.intent, person.reason = "paused", end
        assert answer == OfferDeclined(paused=paused)
        self.model.end_offer(offer.call, offer.operator)

    @rule(call=calls, keep=st.booleans())
    def leave(self, call: CallId, keep: bool) -> None:
        answer = self.wait(
            self.store.leave(
                call, now=self.now, wrap_up_seconds=15, caller_token=f"caller-{call}", keep_seconds=600 if keep else 0
            )
        )
        known = self.calls.get(call)
        assert answer == Left(known=known is not None)
        if known is None:
            return
        self.model.withdraw(call)
        if known.operator:
            self.model.part(known.operator)
        elif keep:
            self.places[call] = known.place
        del self.calls[call]

    @rule(call=calls)
    def end_talk(self, call: CallId) -> None:
        answer = self.wait(self.store.end_talk(call, now=self.now, wrap_up_seconds=15))
        known = self.calls.get(call)
        if known is None or known.state != "talking":
            assert answer == Refused("not_talking")
        else:
            assert answer == Done()
            self.model.part(known.operator)
            del self.calls[call]

    @rule(operator=operators)
    def end_wrap_up(self, operator: str) -> None:
        row = self.rows.get(operator)
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

    @rule(call=calls)
    def ask_for_callback(self, call: CallId) -> None:
        self.request_callback(call)

    def request_callback(self, call: CallId) -> CallId:
        """Gives the name under which the call waits from now on."""
        name = next((back for back in BACKS if back not in self.calls), None)
        if name is None:
            return call
        answer = self.wait(self.store.request_callback(call, name, "sealed", not_before=self.now, now=self.now))
        if call not in self.calls:
            assert answer == Refused("call_gone")
        elif self.calls[call].state != "waiting":
            assert answer == Refused("call_taken")
        else:
            self.calls[name] = self.calls.pop(call)
            self.calls[name].callback = "sealed"
            return name
        return call

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def miss_callback(self, data: st.DataObject) -> None:
        self.miss_callback_of(self.drawn_offer(data))

    def miss_callback_of(self, offer: Offer) -> None:
        open_before = self.offer_is_open(offer) and self.calls[offer.call].callback
        answer = self.wait(
            self.store.miss_callback(offer, now=self.now, not_before=self.now + 600, tries_allowed=TRIES)
        )
        if not open_before:
            assert answer == Refused("offer_over")
            return
        call = self.calls[offer.call]
        call.tries += 1
        self.model.withdraw(offer.call)
        call.state = "waiting"
        assert answer == CallbackMissed(given_up=call.tries >= TRIES)
        if call.tries >= TRIES:
            del self.calls[offer.call]

    @rule(closed=st.booleans())
    def configure_queue(self, closed: bool) -> None:
        self.wait(self.store.configure_queue("q", now=self.now, closed=closed, by="ops"))
        self.closed = closed

    @rule(alive=st.sets(calls))
    def controller_restarts(self, alive: set[CallId]) -> None:
        for call in list(self.calls):
            if call not in alive:
                self.leave(CallId(call), keep=False)

    # What must always hold

    @invariant()
    def redis_is_as_the_model(self) -> None:
        _, rows = self.wait(self.store.feed.load())
        self.rows = {row.name: row for row in rows.operators}
        assert {row.call: of_call(row) for row in rows.calls} == {
            name: asdict(call) for name, call in self.calls.items()
        }
        assert {row.name: of_operator(row) for row in rows.operators} == {
            name: asdict(person) for name, person in self.operators.items()
        }
        for queue in ("q", "other"):
            standing: Any = self.wait(self.redis.zrange(keys.waiting(queue), 0, -1))
            assert [name.decode() for name in standing] == self.model.standing(queue)
        self.check_promises(rows)
        self.check_view(rows)

    def check_promises(self, rows: Change) -> None:
        """What callers and operators are promised, checked on the rows without the model."""
        ringing = [(name, row.call) for row in rows.calls for name in row.offers]
        talking = [(row.operator, row.call) for row in rows.calls if row.state == "talking"]
        busy = [name for name, _ in ringing + talking]
        assert len(busy) == len(set(busy)), "an operator has two calls"
        has_call = [(row.name, row.call) for row in rows.operators if row.call]
        assert sorted(has_call) == sorted(ringing + talking)
        assert all(not row.offers for row in rows.calls if row.state == "talking")
        assert all(bool(row.offers) == (row.state == "offered") for row in rows.calls)

    def check_view(self, rows: Change) -> None:
        """Whoever follows the changes sees the same rows."""
        entries: Any = self.wait(self.redis.xrange(keys.CHANGES, min=f"({self.position}"))
        for entry, fields in entries:
            self.position = entry.decode()
            self.view.apply(change_of(fields))
        assert self.view.calls == {row.call: row for row in rows.calls}
        assert self.view.operators == {row.name: row for row in rows.operators}


def change_of(fields: dict[bytes, bytes]) -> Change:
    return rows_of.change(fields[b"cause"].decode(), fields[b"rows"])


def test_commands_keep_their_promises(store_port: int) -> None:
    QueueMachine.port = store_port
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
