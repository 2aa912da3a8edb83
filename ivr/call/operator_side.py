"""The operator's side of one call: rings whom the router names, joins caller and operator, sees the talk through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ivr.call.events import BackToQueue, CallId, Connected, Event, Offered, OfferEnd, OfferEnded
from ivr.call.listening_in import ListeningIn, Mode
from ivr.call.parts import Offer, Parts
from ivr.call.remains import Inherited
from ivr.call.talk import Record, Talk
from ivr.call.wait import Wait
from ivr.line.channels import IncomingCall, LegFailed, OperatorLeg
from ivr.operator.desk import ActImpossible


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
        self.talk: Talk | None = None
        self.talk_seconds: float | None = None
        self.may_requeue = True
        self.passed_by = ""
        """Who has put the caller back into the queue."""
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
        self._listening: dict[str, tuple[ListeningIn, asyncio.Task[Any]]] = {}

    def inherit(self, talk: Inherited, seconds: float) -> None:
        """A talk that another controller began `seconds` ago; `go_on` sees it through."""
        line, operator = self._parts.line, talk.desk.operator
        leg = line.take_leg(talk.operator_channel)
        other = line.take_leg(talk.other_channel) if talk.other_channel else None
        self.operator = operator
        self.talk = self._made(operator, leg)
        self.talk.inherit(talk.desk, other, seconds)

    async def go_on(self) -> None:
        """See the inherited talk through to its end."""
        assert self.talk is not None
        self._receive(await self._see_through(self.talk))

    @property
    def talking(self) -> bool:
        return self.talk is not None

    def withdraw(self, offer: Offer) -> None:
        """That offer is over through no act of ours: stop ringing there."""
        leg = self._ringing.get(offer.offer)
        if leg is not None and not leg.answered.done():
            leg.answered.set_exception(LegFailed("withdrawn"))

    async def listen_in(self, supervisor: str, telephone: str, mode: Mode) -> None:
        """A supervisor hears the talk under way; runs until either ends. Again for the same one: changes the mode."""
        task = asyncio.current_task()
        if self.talk is None or task is None:
            return
        if (known := self._listening.get(supervisor)) is not None:
            try:
                await known[0].change(mode)
            except ActImpossible:
                pass  # there is nobody to hear any more, and the end of it is on the way
            return
        part = ListeningIn(self._call, self.talk, self._parts, self._record, supervisor, mode)
        self._listening[supervisor] = part, task
        try:
            await part.run(telephone)
        finally:
            del self._listening[supervisor]

    async def _end_listening(self) -> None:
        tasks = [task for _, task in self._listening.values()]
        for task in tasks:
            if not task.cancelling():  # twice would break off its release
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

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
            {},
        )
        self._receive(Offered(offer.operator))
        end = await self._ring(offer)
        if end is None:
            return
        # Asterisk's death withdraws it, too, and only we know; one that the queue has ended itself it refuses to end.
        if await self._parts.queue.declined(offer, end):
            kind = "operator_gone" if end == "unreachable" else "operator_paused"
            self._parts.journal.record("", kind, data={"operator": offer.operator, "reason": end})
        rang_seconds = round(self._parts.clock.monotonic() - rang_at, 3)
        self._record("offer_ended", {**facts, "reason": end, "rang_seconds": rang_seconds}, {})
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
            self._receive(await self._talk(offer.operator, leg))
            return None
        except LegFailed as failed:
            return failed.reason
        except TimeoutError:
            return "no_answer"
        finally:
            self._ringing.pop(offer.offer, None)
            if leg is not None and not leg.gone.done():
                await line.hang_up(leg.channel)

    async def _talk(self, operator: str, leg: OperatorLeg) -> Event:
        self.talk = talk = self._made(operator, leg)
        talk.desk = replace(talk.desk, may_requeue=self.may_requeue)
        return await self._see_through(talk, self._silence)

    def _made(self, operator: str, leg: OperatorLeg) -> Talk:
        return Talk(self._call, self._incoming, self._parts, self._wait, self._record, self._told, operator, leg)

    async def _see_through(self, talk: Talk, before: Callable[[], Awaitable[None]] | None = None) -> Event:
        try:
            if before is not None:
                await before()
            event = await talk.run()
        finally:
            self.talk = None
            await self._end_listening()
            self.talk_seconds = round((self.talk_seconds or 0.0) + talk.seconds, 3) if self.operator else None
        if isinstance(event, BackToQueue):
            self.passed_by = event.operator
            self._wait.resume()
        return event

    def _told(self, event: Event) -> None:
        if isinstance(event, Connected):
            self.operator = event.operator
        self._receive(event)


async def _on_the_line(_: OperatorLeg) -> None:
    """The caller of an ordinary call is there already."""
