"""One try to ring a caller back who has hung up and keeps the place in the queue.

The operator's telephone rings first and then the caller's, so that nobody who has waited once is rung to wait again.
After the talk the plan of the call in which it was promised goes on, such as by asking for a mark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import structlog

from ivr.call.call_backs import CallBacks, Promise
from ivr.call.events import Connected, Event, OfferEnd
from ivr.call.kept import Adopted, KeptCall
from ivr.call.operator_side import OperatorSide
from ivr.call.parts import Offer as AnyOffer
from ivr.call.parts import Parts
from ivr.call.talk import Talk
from ivr.call.wait import Wait
from ivr.dialplan.state import loaded
from ivr.errors import IvrError
from ivr.line.channels import IncomingCall, LegFailed, OperatorLeg
from ivr.queue.model import Offer
from ivr.queue.store import CALLER_RING_SECONDS

log = structlog.get_logger()

_SHORTEST_RING_SECONDS = 3.0
_RELEASE_SECONDS = 5.0
_OPERATORS_LANGUAGE = "ru"
_OPERATOR_HEARS = "operator_calls_back"
_RINGING = "tone:ring;tonezone=ru"
_PLAYBACK = "call-back"

Facts = Mapping[str, str | int | float | bool | None]


class CallBack:
    """An operator was found for a caller who has hung up: `run` rings both, as a task.

    `knows(plan)`: whether there is a plan of that name to go on with.
    """

    def __init__(self, offer: Offer, promises: CallBacks, parts: Parts, knows: Callable[[str], bool]) -> None:
        self.call = offer.call
        self.line_number = ""
        self.topic = "none"
        self.arrived_wall = self.step_since_wall = parts.clock.wall()
        self.step = "promised"
        self._offer = offer
        self._promises = promises
        self._parts = parts
        self._knows = knows
        self._rest: Adopted | None = None
        self._connected_wall: float | None = None
        self._operators: OperatorSide | None = None
        self._channel = parts.line.leg_name(offer.call)
        self._leg: OperatorLeg | None = None
        self._caller_gone = asyncio.Event()
        self._withdrawn = asyncio.Event()
        self._over = False

    @property
    def operator(self) -> str:
        """Who talks, or has talked, to the caller; "" before that."""
        return self._operators.operator if self._operators else ""

    @property
    def talk(self) -> Talk | None:
        """The talk under way, as its operator works it."""
        return self._operators.talk if self._operators else None

    def receive(self, event: Event) -> None:
        """No plan is asked while the two talk."""
        if isinstance(event, Connected) and self._connected_wall is None:
            self._connected_wall = self._parts.clock.wall()

    def withdraw(self, offer: AnyOffer) -> None:
        """The offer is over through no act of ours: stop ringing, here and there."""
        self._withdrawn.set()
        if self._operators is not None:
            self._operators.withdraw(offer)

    async def run(self) -> Adopted | None:
        """Ring both and see the talk through; everything is released afterwards.

        Unless the caller is still there and the plan has more to say: then the answer is the call to go on with.
        """
        try:
            try:
                promise = await self._promises.opened(self._offer)
            except IvrError as error:
                log.warning("callback_given_up", call=self.call, reason=type(error).__name__)
                await self._promises.give_up(self.call)
                self._over = True
                return None
            self.line_number, self.topic, self.arrived_wall = promise.line, promise.topic, promise.entered_wall
            await self._ring(promise)
        finally:
            await asyncio.shield(self._release())
        return self._rest

    async def _ring(self, promise: Promise) -> None:
        parts = self._parts
        incoming = IncomingCall(self._channel, promise.line, promise.number, "")
        wait = Wait.since(parts.clock, promise.entered_wall)
        operators = OperatorSide(self.call, incoming, parts, wait, _nothing_plays, self._record, self.receive)

        async def reach(operator: OperatorLeg) -> OfferEnd | None:
            return await self._reach(operator, promise)

        operators.reach = reach
        operators.may_requeue = False  # there is no plan in which the caller could wait
        self._operators = operators
        seconds = max(_SHORTEST_RING_SECONDS, self._offer.ring_seconds - CALLER_RING_SECONDS)
        ringing = asyncio.create_task(operators.ring(replace(self._offer, ring_seconds=seconds)))
        gone = asyncio.create_task(self._caller_gone.wait())
        try:
            await asyncio.wait((ringing, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ringing, gone):
                task.cancel()
            rung, _ = await asyncio.gather(ringing, gone, return_exceptions=True)
        if isinstance(rung, Exception):
            raise rung
        if operators.operator:
            self._rest = self._what_follows(promise, incoming, operators)
        if operators.operator and self._rest is None:
            self._end("talked", "", queue_wait_seconds=wait.seconds, talk_seconds=operators.talk_seconds)

    def _what_follows(self, promise: Promise, incoming: IncomingCall, operators: OperatorSide) -> Adopted | None:
        """The call as its plan left it, when the operator alone has hung up."""
        if not promise.state or self._leg is None or self._leg.gone.done():
            return None
        clock, entered = self._parts.clock, promise.entered_wall
        wall, monotonic = clock.wall(), clock.monotonic()
        # What the first call had under way in the world ended with it.
        state = replace(
            loaded(promise.state.encode()),
            playing=None,
            saying=(),
            listening=None,
            timers=(),
            music=False,
            recording="",
            began_monotonic_seconds=monotonic,
        )
        if not self._knows(state.first_plan):
            return None
        kept = KeptCall(self.call, incoming, 0, state, entered, entered, wall, monotonic)
        return Adopted(kept, operators.operator, self._connected_wall, operators.talk_seconds)

    async def _reach(self, operator: OperatorLeg, promise: Promise) -> OfferEnd | None:
        """The operator is on the line: ring the caller. None once the caller answers, else how the offer ended."""
        line = self._parts.line
        self._record("caller_rung", {"operator": self._offer.operator, "try": self._offer.tries + 1})
        await line.play(
            operator.channel, _PLAYBACK, [self._parts.media(_OPERATORS_LANGUAGE, _OPERATOR_HEARS), _RINGING]
        )
        failure = await self._ring_caller(operator, promise)
        await line.stop_playing(operator.channel, _PLAYBACK)
        if failure in (None, "withdrawn"):
            return failure
        if operator.gone.done():
            return "declined"
        left = await self._promises.missed(self._offer, promise.number)
        self._record("caller_missed", {"reason": failure, "left": left})
        self._over = left == 0
        return "withdrawn"

    async def _ring_caller(self, operator: OperatorLeg, promise: Promise) -> OfferEnd | None:
        endpoint = self._promises.endpoint(promise.number)
        if endpoint is None:
            return "unreachable"
        withdrawn = asyncio.create_task(self._withdrawn.wait())
        try:
            self._leg = leg = await self._parts.line.ring(endpoint, self.call, promise.line, self._channel)
            waited: set[asyncio.Future[None] | asyncio.Future[Literal[True]]] = {
                leg.answered,
                operator.gone,
                withdrawn,
            }
            await asyncio.wait(waited, timeout=CALLER_RING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if withdrawn.done():
                return "withdrawn"
            if operator.gone.done() or not leg.answered.done():
                return "no_answer"
            leg.answered.result()
            leg.gone.add_done_callback(lambda _: self._caller_gone.set())
        except LegFailed as failed:
            return failed.reason
        finally:
            withdrawn.cancel()
        return None

    def _record(self, kind: str, data: Facts, personal: Mapping[str, str] | None = None) -> None:
        self.step, self.step_since_wall = kind, self._parts.clock.wall()
        self._parts.journal.record(self.call, kind, "", data, personal or {})

    def _end(self, outcome: str, reason: str, **facts: float | None) -> None:
        self._record("ended", {"outcome": outcome, "reason": reason, "topic": self.topic, **facts})

    async def _release(self) -> None:
        if self._leg is not None and self._rest is None:
            try:
                async with asyncio.timeout(_RELEASE_SECONDS):
                    await self._parts.line.hang_up(self._channel)
            except (IvrError, TimeoutError):
                log.error("release_failed", call=self.call)
        if self._over:
            self._end("ended", "the caller could not be reached")


async def _nothing_plays() -> None:
    """A caller who was just rung hears nothing that would have to end."""
