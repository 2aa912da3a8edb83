"""What a new controller does about the calls of one that died: no talk is cut, nobody loses the place.

Asterisk keeps the channels of a dead controller, the store how each call stood. Those who talk go on talking, and the
operator can do what could be done before; a caller on hold is brought back to whoever was in the talk. Of which it is
not known who talks to whom, it is only watched to its end. Whoever was in a menu or in the queue goes on in the step
that the call was in; a caller of whom nothing was kept yet is taken like one who has just called; everything that
served a call of the dead controller (taps, ringing legs) is removed.

`look` first, then connect to Asterisk's events, then `take_over`: so whatever comes as an event is new.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

import structlog

from ivr.call.events import LINE_LOST, CallerHungUp, CallId, Event
from ivr.call.kept import Adopted, KeptCall, KeptCalls
from ivr.call.parts import Queue
from ivr.call.remains import TALK, Inherited, Remains, inherit, made_by_us, sort_out
from ivr.call.switchboard import Switchboard
from ivr.clock import Clock
from ivr.dialplan.model import Plan
from ivr.errors import AsteriskUnavailable, StoreUnavailable
from ivr.journal.fold import CallState
from ivr.journal.record import Recorder
from ivr.line.ari import Ari
from ivr.line.asterisk import Line

log = structlog.get_logger()

_ASK_AGAIN_SECONDS = 0.2
_AT_ONCE = 20


class Recovery:
    """Takes care of what is left, once; talks are watched as tasks of `keep` for as long as they last.

    `plan_of` gives the plan that a kept call was in (None: there is no such plan any more), `resume` prepares the
    journal to go on with a call and tells how it stands by its records, `name` is this controller's.
    """

    def __init__(
        self,
        ari: Ari,
        line: Line,
        queue: Queue,
        journal: Recorder,
        switchboard: Switchboard,
        kept: KeptCalls,
        clock: Clock,
        *,
        plan_of: Callable[[KeptCall], Awaitable[Plan | None]],
        resume: Callable[[CallId], Awaitable[CallState]],
        name: str,
    ) -> None:
        self._ari = ari
        self._line = line
        self._queue = queue
        self._journal = journal
        self._switchboard = switchboard
        self._shelf = kept
        self._clock = clock
        self._plan_of = plan_of
        self._resume = resume
        self._name = name
        self._remains = Remains()
        self._kept: Mapping[CallId, KeptCall] = {}

    @property
    def alive(self) -> frozenset[CallId]:
        """Calls whose callers are still there."""
        there = {*self._remains.callers, *(channel for talk in self._remains.talks.values() for channel in talk)}
        return frozenset(
            {*self._remains.talks, *(c for c, kept in self._kept.items() if kept.incoming.channel in there)}
        )

    @property
    def kept(self) -> Iterable[KeptCall]:
        """The calls of before whose callers are still there."""
        alive = self.alive
        return tuple(kept for call, kept in self._kept.items() if call in alive)

    async def look(self) -> None:
        """See what there is; waits until Asterisk answers."""
        try:
            self._kept = await self._shelf.load()
        except StoreUnavailable as error:
            log.warning("kept_calls_unknown", reason=error.what)
        self._remains = await self._left()
        self._switchboard.expect(self.alive - self._remains.talks.keys())

    async def _left(self) -> Remains:
        while True:
            try:
                channels = await self._ari.request("GET", "channels")
                return sort_out(channels, await self._ari.request("GET", "bridges"))
            except AsteriskUnavailable as error:
                log.warning("asterisk_not_there_yet", reason=error.what)
                await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def take_over(self, keep: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """Adopt callers, watch talks, remove what is of no use; the queue's view must be there."""
        remains = self._remains
        await _few_at_once(self._line.add(f"{call}{TALK}", caller) for call, caller in remains.held.items())
        await _few_at_once(self._line.hang_up(channel) for channel in remains.useless_channels)
        await _few_at_once(self._line.unbridge(bridge) for bridge in remains.useless_bridges)
        known = {kept.incoming.channel for kept in self._kept.values()}
        await _few_at_once(self._settle(kept, keep) for kept in self._kept.values())
        for call in remains.talks.keys() - self._kept.keys():
            keep(self._watch(call, remains.talks[call], None, await self._resume(call)))
        for channel, incoming in remains.callers.items():
            if channel in known:
                continue
            if incoming is None:
                await self._line.hang_up(channel)  # an operator's service code: to be dialled again
            else:
                self._switchboard.arrive(incoming)
        try:
            await self._line.catch_up()  # who has gone since we looked
        except AsteriskUnavailable:
            pass  # the line does it by itself as soon as Asterisk is back
        if remains.callers or remains.talks:
            log.warning("calls_recovered", talks=len(remains.talks), callers=len(remains.callers))

    async def _settle(self, kept: KeptCall, keep: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """One call of before: go on, watch, or write down that it is over."""
        call, channel = kept.call, kept.incoming.channel
        talk = self._remains.talks.get(call)
        caller = self._remains.callers.get(channel)
        try:
            told = await self._resume(call)
        except (StoreUnavailable, TimeoutError):  # nobody can tell what has been: the caller begins anew
            self._switchboard.let_go(call)
            if caller is not None:
                self._switchboard.arrive(caller)
            return
        if told.phase == "over":
            self._switchboard.let_go(call)
            self._shelf.forget(call)
            await self._line.hang_up(channel)
        elif talk is not None and (inherited := inherit(self._remains, call, channel, told)) is not None:
            await self._go_on(kept, inherited, told)
        elif talk is not None:
            keep(self._watch(call, talk, kept, told))
        elif channel not in self._remains.callers:
            self._gone(kept, told)
        elif told.phase == "talking":
            self._adopted(call)
            self._talk_ended(call, told, "operator")
            await self._queue.talk_ended(call)
            await self._adopt(kept, told.operator, told.connected)
        else:
            self._adopted(call)
            await self._adopt(kept)

    async def _go_on(self, kept: KeptCall, inherited: Inherited, told: CallState) -> None:
        """A talk goes on with the same operator, who is told what has changed: all who are there hear each other."""
        call, desk = kept.call, inherited.desk
        if told.phase == "ringing":  # the talk began in the last moment
            self._journal.record(call, "connected", data={"operator": desk.operator})
        self._adopted(call)
        both = {"operator": desk.operator, "target": told.asked_in}
        if told.asked_in and desk.target is None:  # who still rang does so no more
            self._journal.record(call, "asked_in_ended", data={**both, "reason": "withdrawn"})
            await self._queue.let_go(call)
        elif told.asked_in and told.held:
            self._journal.record(call, "conferenced", data=both)
        elif told.held:
            self._journal.record(call, "resumed", data={"operator": desk.operator})
        await self._adopt(kept, desk.operator, told.connected or self._clock.wall(), inherited)

    def _gone(self, kept: KeptCall, told: CallState) -> None:
        """The caller has hung up while nobody looked."""
        call = kept.call
        self._adopted(call)
        if told.phase == "talking":
            self._talk_ended(call, told, "caller")
        talked = told.talks > 0 or told.phase == "talking"
        facts = {"outcome": "talked" if talked else "left", "reason": "controller_died"}
        self._journal.record(call, "ended", data=facts)
        self._shelf.forget(call)

    async def _adopt(
        self,
        kept: KeptCall,
        operator: str = "",
        connected_wall: float | None = None,
        talk: Inherited | None = None,
    ) -> None:
        plan = await self._plan_of(kept)
        if plan is not None:
            self._switchboard.adopt(Adopted(kept, operator, connected_wall, talk=talk), plan)
            return
        self._switchboard.let_go(kept.call)  # Asterisk's own dialplan finds a person
        self._journal.record(kept.call, "ended", data={"outcome": "failed", "reason": "no_plan", "handed_over": True})
        self._shelf.forget(kept.call)
        await self._line.hand_over(kept.incoming.channel)

    async def _watch(self, call: CallId, channels: tuple[str, ...], kept: KeptCall | None, told: CallState) -> None:
        """Wait until either side hangs up; a caller whom the operator has left goes on in the plan."""
        first: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

        def receiver(channel: str) -> Callable[[Event], None]:
            def receive(event: Event) -> None:
                if isinstance(event, CallerHungUp) and not first.done():
                    first.set_result((channel, event.cause))

            return receive

        for channel in channels:
            self._line.watch(channel, receiver(channel))
        if told.phase == "ringing":  # the talk began in the last moment
            self._journal.record(call, "connected", data={"operator": told.operator})
        self._adopted(call)
        gone, cause = await first
        by = "operator" if made_by_us(gone) else "caller"
        if cause == LINE_LOST:
            by = "failed"
        for channel in channels:
            self._line.forget(channel)
        goes_on = kept is not None and by == "operator"
        await _few_at_once(self._line.hang_up(name) for name in channels if made_by_us(name) or not goes_on)
        await self._line.unbridge(f"{call}{TALK}", kept.incoming.channel if kept is not None and goes_on else "")
        await self._queue.talk_ended(call)
        self._talk_ended(call, told, by)
        if kept is not None and goes_on:
            await self._adopt(kept, told.operator, told.connected)
        else:
            reason = "line_lost" if by == "failed" else None
            self._journal.record(call, "ended", data={"outcome": "talked", "reason": reason})
            self._shelf.forget(call)

    def _adopted(self, call: CallId) -> None:
        self._journal.record(call, "adopted", data={"controller": self._name})

    def _talk_ended(self, call: CallId, told: CallState, ended_by: str) -> None:
        facts: dict[str, str | float] = {"operator": told.operator, "ended_by": ended_by}
        if told.connected is not None:
            facts["talk_seconds"] = round(self._clock.wall() - told.connected, 3)
        self._journal.record(call, "talk_ended", data=facts)


async def _few_at_once(work: Iterable[Awaitable[object]]) -> None:
    """All of it, some at a time; one that fails does not keep the others from being done."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Awaitable[object]) -> None:
        async with room:
            await item

    for result in await asyncio.gather(*map(one, work), return_exceptions=True):
        if isinstance(result, Exception):
            log.error("recovery_failed", kind=type(result).__name__, what=getattr(result, "what", ""))
