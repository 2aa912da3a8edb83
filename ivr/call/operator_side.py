"""The operator's side of one call: rings whom the router names, joins caller and operator, sees the talk through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from ivr.call.events import CallId, Connected, Event, Offered, OfferEnd, OfferEnded, TalkEnd, TalkEnded
from ivr.call.parts import Offer, Parts
from ivr.call.wait import Wait
from ivr.errors import AsteriskRefused
from ivr.line.asterisk import IncomingCall, LegFailed, OperatorLeg

Record = Callable[[str, Mapping[str, str | int | float | bool | None]], None]


class OperatorSide:
    """`ring` runs as a task for each offer; several may ring at once, the router lets one of them answer.

    `silence` is awaited before caller and operator hear each other, `record` writes to the call's journal, `receive`
    tells the call.
    """

    def __init__(
        self,
        call: CallId,
        incoming: IncomingCall,
        parts: Parts,
        wait: Wait,
        silence: Callable[[], Awaitable[None]],
        record: Record,
        receive: Callable[[Event], None],
    ) -> None:
        self.operator = ""
        self.talking = False
        self.talk_seconds: float | None = None
        self._call = call
        self._incoming = incoming
        self._parts = parts
        self._wait = wait
        self._silence = silence
        self._record = record
        self._receive = receive
        self._ringing: dict[str, OperatorLeg] = {}
        self.reach: Callable[[OperatorLeg], Awaitable[OfferEnd | None]] = _on_the_line
        """Has the caller on the line for an operator who has picked up; None when that worked, else how it ended."""

    def withdraw(self, offer: Offer) -> None:
        """That offer is over through no act of ours: stop ringing there."""
        leg = self._ringing.get(offer.offer)
        if leg is not None and not leg.answered.done():
            leg.answered.set_exception(LegFailed("withdrawn"))

    async def ring(self, offer: Offer) -> None:
        """Ring at the operator of this offer, and talk when the call is taken there."""
        rang_at = self._parts.clock.monotonic()
        facts = {"operator": offer.operator, "offer": offer.offer}
        self._record(
            "offered",
            {
                **facts,
                "ring_seconds": offer.ring_seconds,
                "reason": offer.reason,
                "waited_seconds": self._wait.so_far(),
            },
        )
        self._receive(Offered(offer.operator, offer.reason))
        end = await self._ring(offer)
        if end is None:
            return
        if end != "withdrawn":
            await self._parts.queue.declined(offer, end)
        rang_seconds = round(self._parts.clock.monotonic() - rang_at, 3)
        self._record("offer_ended", {**facts, "reason": end, "rang_seconds": rang_seconds})
        self._receive(OfferEnded(offer.operator, end))

    async def _ring(self, offer: Offer) -> OfferEnd | None:
        """How the offer ended; None: in a talk."""
        line = self._parts.line
        leg: OperatorLeg | None = None
        try:
            telephone = self._parts.telephone(offer.operator)
            leg = await line.ring(telephone, self._call, self._incoming.caller or "anonymous")
            self._ringing[offer.offer] = leg
            async with asyncio.timeout(offer.ring_seconds):
                await leg.answered
            if (end := await self.reach(leg)) is not None:
                return end
            if not await self._parts.queue.accepted(offer):
                return "withdrawn"
            self._receive(TalkEnded(offer.operator, await self._talk(offer.operator, leg)))
            return None
        except LegFailed as failed:
            return failed.reason
        except TimeoutError:
            return "no_answer"
        finally:
            self._ringing.pop(offer.offer, None)
            if leg is not None:
                await line.hang_up(leg.channel)

    async def _talk(self, operator: str, leg: OperatorLeg) -> TalkEnd:
        line, clock, bridge = self._parts.line, self._parts.clock, f"{self._call}-talk"
        self.talking = True
        began_at: float | None = None
        ended_by: TalkEnd = "caller"  # unless we live to see the operator go
        try:
            await self._silence()
            await line.bridge(bridge, [self._incoming.channel, leg.channel])
            self._wait.over()
            self.operator, began_at = operator, clock.monotonic()
            waits = {"waited_seconds": self._wait.seconds, "since_arrival_seconds": self._wait.since_arrival()}
            self._record("connected", {"operator": operator, **waits})
            self._receive(Connected(operator))
            await leg.gone
            ended_by = "operator"
        except AsteriskRefused:
            ended_by = "failed"  # one of the two was gone before they could hear each other
        finally:
            self.talking = False
            if began_at is None:
                reason: OfferEnd = "unreachable" if ended_by == "failed" else "withdrawn"
                self._record("offer_ended", {"operator": operator, "reason": reason})
            else:
                self.talk_seconds = round(clock.monotonic() - began_at, 3)
                talk = {"ended_by": ended_by, "talk_seconds": self.talk_seconds}
                self._record("talk_ended", {"operator": operator, **talk})
            await line.unbridge(bridge)
            await self._parts.queue.talk_ended(self._call)
        return ended_by


async def _on_the_line(_: OperatorLeg) -> None:
    """The caller of an ordinary call is there already."""
