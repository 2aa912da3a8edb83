"""What routers and sessions say: a call comes, is offered, taken or not, and ends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from ivr.call.events import CallId
from ivr.queue import keys
from ivr.queue.model import (
    CallbackMissed,
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
from tests.store.queue.queue_model import CallModel
from tests.store.queue.queue_world import BACKS, LIMIT, QueueWorld, calls, operators

MISSES = 2
TRIES = 2
URGENCY = 100.0

routers = st.sampled_from(["first", "second"])


class CallCommands(QueueWorld):
    """Routers race for the lease; offers may be late."""

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
        self.reading.delete(keys.LEASE)
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

    @invariant()
    def nothing_is_given_twice(self) -> None:
        """Tried after every step: chance alone seldom offers a call to, say, an operator who talks."""
        ready = self.model.operators_that("ready")
        still_open = next((name for name, call in self.calls.items() if call.state != "talking"), None)
        if still_open is not None:
            for operator in set(self.operators).difference(ready):
                most = len(self.calls[still_open].offers) + 1
                assert self.try_offer(still_open, operator, most) == Refused("operator_busy")
        for name, call in self.calls.items() if ready else ():
            if call.state != "waiting":
                assert self.try_offer(name, ready[0], len(call.offers) or 1) == Refused("call_taken")

    def try_offer(self, call: str, operator: str, at_most: int) -> Done | Refused:
        offer = Offer("tried", CallId(call), operator, 10)
        return self.wait(self.store.offer(offer, epoch=self.epoch, now=self.now, at_most=at_most))

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
        if end == "unreachable":
            person.intent, person.reason, person.assigned, person.assigned_by = "gone", "", "", ""
        elif paused and person.intent == "ready":
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
        self.model.dismiss(call)
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
            self.model.dismiss(call)
            del self.calls[call]

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
