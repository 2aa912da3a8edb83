"""One talk on the line: what its operator does is decided by `operator.desk` and carried out here.

Everything that happens comes through one inbox and is dealt with in order, so that a telephone that answers and an
operator who changes their mind cannot cross.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from ivr.call.events import BackToQueue, CallId, Connected, Event, TalkEnd, TalkEnded
from ivr.call.parts import Parts
from ivr.call.wait import Wait
from ivr.errors import AsteriskRefused, IvrError
from ivr.line.channels import IncomingCall, LegFailed, OperatorLeg
from ivr.operator import desk as desks
from ivr.operator.desk import Act, ActImpossible, Desk, Happening, OperatorGone, Target, TargetAnswered, TargetGone

log = structlog.get_logger()

ASKED_IN_RING_SECONDS = 20.0

Facts = Mapping[str, str | int | float | bool | None]
Record = Callable[[str, Facts, Mapping[str, str]], None]


@dataclass(slots=True)
class _Asked:
    """Somebody who was asked in: the task rings, then waits for the end."""

    target: Target
    task: asyncio.Task[None] | None = None
    leg: OperatorLeg | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """`about`: the leg or the asking that it is about; it is stale when that is not the talk's any more."""

    event: Act | Happening
    about: object = None
    done: asyncio.Future[Desk] | None = None


class Talk:
    """`run` sees the talk through; `act` may be called at any time. `on_change` is told whenever the desk changes."""

    def __init__(
        self,
        call: CallId,
        incoming: IncomingCall,
        parts: Parts,
        wait: Wait,
        record: Record,
        receive: Callable[[Event], None],
        operator: str,
        leg: OperatorLeg,
    ) -> None:
        self.desk = Desk(operator)
        self.seconds = 0.0
        """With operators, as far as talks are over."""
        self.next_operator = asyncio.get_running_loop().create_future()
        """Done when somebody else has taken the operator's place; then there is a new one."""
        self._call = call
        self._caller = incoming.channel
        self._caller_id = incoming.dialled
        self._parts = parts
        self._wait = wait
        self._record = record
        self._receive = receive
        self._operator = operator
        self._leg: OperatorLeg | None = leg
        self._asked: _Asked | None = None
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._rooms: dict[desks.Room, str] = {"talk": f"{call}-talk", "hold": f"{call}-hold"}
        self._open: set[desks.Room] = set()
        self._where: dict[str, desks.Room] = {}
        self._began_at: float | None = None
        self._held_at = 0.0
        self._outside_at: float | None = None
        self._ended_by: TalkEnd = "caller"  # unless we live to see another end
        self._line_lost = False
        self._next: Event | None = None

    def inherit(self, desk: Desk, other: OperatorLeg | None, seconds: float) -> None:
        """Another controller began it `seconds` ago; everybody is in the room where all hear each other. Then `run`."""
        assert self._leg is not None
        self.desk = desk
        self._open.add("talk")
        self._began_at = self._parts.clock.monotonic() - seconds
        self._where = {self._caller: "talk", self._leg.channel: "talk"}
        if other is not None and desk.target is not None:
            self._where[other.channel] = "talk"
            self._asked = asked = _Asked(desk.target, leg=other)
            asked.task = asyncio.create_task(self._stay(asked, other), name=f"{self._call} has asked in")
        self._watch(self._leg)

    @property
    def operator_channel(self) -> str:
        """The channel of the operator's telephone, "" when there is none any more."""
        return self._leg.channel if self._leg else ""

    @property
    def room(self) -> str:
        """The bridge in which all hear each other."""
        return self._rooms["talk"]

    async def act(self, act: Act) -> Desk:
        """Let the operator do something; the desk afterwards, or ActImpossible."""
        done: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Item(act, done=done))
        return await done

    def operator_lost(self) -> None:
        """The operator's page is gone; the telephone channel may not know yet."""
        self._inbox.put_nowait(_Item(desks.OperatorLost(), self._leg))

    def line_lost(self) -> None:
        """Asterisk is gone, and both sides with it: neither has ended the talk."""
        self._line_lost = True

    async def run(self) -> Event:
        """Join the two and see the talk through to its end; answers what the plan is to be told."""
        try:
            if not self._where:
                await self._join()
            while self.desk.phase != "over":
                await self._take(await self._inbox.get())
        except AsteriskRefused:
            self._ended_by = "failed"  # one of the two was gone before they could hear each other
        finally:
            await self._release()
        return self._next or TalkEnded(self._operator, self._ended_by)

    async def _join(self) -> None:
        assert self._leg is not None
        self._open.add("talk")
        await self._parts.line.bridge(self._rooms["talk"], [self._caller, self._leg.channel])
        self._where = {self._caller: "talk", self._leg.channel: "talk"}
        self._wait.over()
        self._connected(self._operator)
        self._watch(self._leg)

    async def _take(self, item: _Item) -> None:
        if isinstance(item.event, OperatorGone | desks.OperatorLost) and item.about is not self._leg:
            return
        if isinstance(item.event, TargetAnswered | TargetGone) and item.about is not self._asked:
            return
        before = self.desk
        try:
            self.desk, effects = desks.step(before, item.event)
        except ActImpossible as impossible:
            if item.done and not item.done.done():
                item.done.set_exception(impossible)
            return
        try:
            for effect in effects:
                await self._carry_out(effect)
            if before.operator and not self.desk.operator:
                await self._release_operator()
            if self.desk.phase != "over":
                await self._arrange()
        finally:
            if item.done and not item.done.done():
                item.done.set_result(self.desk)

    async def _carry_out(self, effect: desks.Effect) -> None:
        match effect:
            case desks.Tell(kind, facts, personal):
                self._record(kind, self._with_hold(kind, facts), personal)
            case desks.Ring(target):
                self._asked = asked = _Asked(target)
                asked.task = asyncio.create_task(self._ring(asked), name=f"{self._call} asks in")
            case desks.LetGo():
                await self._let_go()
            case desks.PassOn(target, warm):
                await self._pass_on(target, warm=warm)
            case desks.BackToQueue(queue, topic, urgent):
                self._next = BackToQueue(self._operator, queue, topic, urgent)
                self._ended_by = "transferred"
            case desks.Part():
                self._ended_by = "operator"

    # --- who was asked in ---

    async def _ring(self, asked: _Asked) -> None:
        parts, target = self._parts, asked.target
        reason: desks.Gone = "ended"
        try:
            if target.kind == "operator" and not await parts.queue.ask_in(self._call, target.name):
                reason = "busy"
            else:
                telephone = parts.telephone if target.kind == "operator" else parts.outside
                asked.leg = await parts.line.ring(telephone(target.name), self._call, self._caller_id)
                async with asyncio.timeout(ASKED_IN_RING_SECONDS):
                    await asked.leg.answered
                if target.kind == "operator":
                    await parts.queue.ask_in(self._call, target.name, answered=True)
                self._inbox.put_nowait(_Item(TargetAnswered(), asked))
                await asyncio.wait((asked.leg.gone,))  # to give up waiting must not end the leg
        except LegFailed as failed:
            reason = failed.reason
        except TimeoutError:
            reason = "no_answer"
        except IvrError:  # no such number, or a part is away: the caller goes back to the operator
            reason = "unreachable"
        self._inbox.put_nowait(_Item(TargetGone(reason), asked))

    async def _stay(self, asked: _Asked, leg: OperatorLeg) -> None:
        """As `_ring`, of somebody who is there already."""
        await asyncio.wait((leg.gone,))
        self._inbox.put_nowait(_Item(TargetGone("ended"), asked))

    async def _let_go(self) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return
        await _end(asked.task)
        if asked.leg is not None:
            await self._parts.line.hang_up(asked.leg.channel)
        if asked.target.kind == "operator":
            await self._parts.queue.let_go(self._call)

    # --- who has the caller ---

    async def _pass_on(self, target: Target, *, warm: bool) -> None:
        asked = self._asked
        assert asked is not None
        assert asked.leg is not None
        self._talk_ended("transferred")
        facts: Facts = {"operator": self._operator, "to": target.kind, "target": target.name, "warm": warm}
        self._record("transferred", facts, {})
        before, self._leg = self._leg, None
        if target.kind == "operator":
            self._asked = None
            self._leg = asked.leg
            await _end(asked.task)
            await self._parts.queue.passed_on(self._call)
            self._operator = target.name
            self._connected(target.name)
            self._watch(asked.leg)
        else:
            self._outside_at = self._parts.clock.monotonic()
            await self._parts.queue.talk_ended(self._call)
        await self._arrange()  # nobody is alone before the one leaves
        if before is not None:
            await self._parts.line.hang_up(before.channel)
        self.next_operator.set_result(None)
        self.next_operator = asyncio.get_running_loop().create_future()

    async def _release_operator(self) -> None:
        leg, self._leg = self._leg, None
        if leg is not None and not leg.gone.done():
            await self._parts.line.hang_up(leg.channel)

    def _watch(self, leg: OperatorLeg) -> None:
        leg.gone.add_done_callback(lambda _: self._inbox.put_nowait(_Item(OperatorGone(), leg)))

    def _connected(self, operator: str) -> None:
        self._began_at = self._parts.clock.monotonic()
        waits = {"waited_seconds": self._wait.seconds, "since_arrival_seconds": self._wait.since_arrival()}
        self._record("connected", {"operator": operator, **waits}, {})
        self._receive(Connected(operator))

    def _talk_ended(self, ended_by: TalkEnd) -> None:
        """The operator's part is over; only once for each."""
        if self._began_at is None:
            return
        seconds = round(self._parts.clock.monotonic() - self._began_at, 3)
        self._began_at = None
        self.seconds = round(self.seconds + seconds, 3)
        by = "failed" if self._line_lost else ended_by
        self._record("talk_ended", {"operator": self._operator, "ended_by": by, "talk_seconds": seconds}, {})

    # --- rooms ---

    async def _arrange(self) -> None:
        """Bring everybody to where the desk says they are."""
        wanted: dict[str, desks.Room] = {}
        if self._leg is not None:
            wanted[self._leg.channel] = "talk"
        if self.desk.target_talks and self._asked and self._asked.leg:
            wanted[self._asked.leg.channel] = "talk"
        wanted[self._caller] = self.desk.caller_room  # last: there is somebody to meet
        for channel, room in wanted.items():
            if self._where.get(channel) != room:
                await self._tolerating_gone(self._move(channel, room))
        self._where = wanted

    async def _move(self, channel: str, room: desks.Room) -> None:
        line = self._parts.line
        if room == "talk":
            await line.add(self._rooms[room], channel)
            return
        if room not in self._open:
            self._open.add(room)
            await line.open_hold(self._rooms[room])
        await line.hold(self._rooms[room], channel)

    async def _tolerating_gone(self, request: Awaitable[None]) -> None:
        try:
            await request
        except AsteriskRefused as refused:
            if refused.status not in (400, 404, 409, 422):  # its end is on the way as an event of its own
                raise
            log.warning("not_moved", call=self._call, status=refused.status)  # if it is not, somebody hears nothing

    def _with_hold(self, kind: str, facts: Facts) -> Facts:
        now = self._parts.clock.monotonic()
        if kind == "held":
            self._held_at = now
        return {**facts, "held_seconds": round(now - self._held_at, 3)} if kind == "resumed" else facts

    # --- the end ---

    async def _release(self) -> None:
        """Whatever has happened: records told, telephones released, rooms closed, waiting acts answered."""
        line, began = self._parts.line, bool(self._where)
        self.desk = Desk("", "over")
        if began:
            self._talk_ended(self._ended_by)
        else:
            reason = "unreachable" if self._ended_by == "failed" else "withdrawn"
            self._record("offer_ended", {"operator": self._operator, "reason": reason}, {})
        if isinstance(self._next, BackToQueue):
            facts: Facts = {"operator": self._operator, "to": "queue", "target": self._next.queue, "warm": False}
            self._record("transferred", facts, {})
        if self._outside_at is not None:
            seconds = round(self._parts.clock.monotonic() - self._outside_at, 3)
            self._record("outside_ended", {"ended_by": self._ended_by, "seconds": seconds}, {})
        while not self._inbox.empty():
            item = self._inbox.get_nowait()
            if item.done and not item.done.done():
                item.done.set_exception(ActImpossible("the talk is over"))
        await self._let_go()
        await self._release_operator()
        try:
            await self._parts.queue.talk_ended(self._call)  # a free operator need not wait for the rooms to be closed
        finally:
            for room in self._open:
                await line.unbridge(self._rooms[room], self._caller)


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait((task,))
