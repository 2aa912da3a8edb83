"""One call on the scripted Asterisk and virtual time, with all that it needs to live: a short plan, ears, a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.call.effects import (
    Answer,
    Effect,
    EnterQueue,
    HangUp,
    Listen,
    Note,
    Outcome,
    Play,
    SetTimer,
    StartMusic,
    StopMusic,
)
from ivr.call.events import (
    Arrived,
    CallerHungUp,
    CallId,
    Event,
    Heard,
    KeyPressed,
    OfferEnd,
    PromptFinished,
    Queued,
    QueueRefused,
    SpeechLost,
    TalkEnded,
    TimerFired,
)
from ivr.call.parts import Around, Ear, Parts
from ivr.call.session import CallSession
from ivr.errors import SpeechBusy, StoreUnavailable
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.virtual_time import LoopClock, run_virtually

CALL = CallId("testcall0001")


@dataclass
class ShortPlan:
    """Greeting, listening, queue, goodbye: the least dialplan that uses everything a call has."""

    finished: bool = False
    state: None = None
    topic: str = "none"
    seen: list[Event] = field(default_factory=list)
    breaks_on: type[object] | None = None

    def resume(self) -> tuple[Effect, ...]:
        raise AssertionError("nobody takes this call over")

    def step(self, event: Event) -> tuple[Effect, ...]:
        self.seen.append(event)
        if self.breaks_on and isinstance(event, self.breaks_on):
            raise ZeroDivisionError
        match event:
            case Arrived():
                return Answer(), Note("answered", "p/1"), Play("greeting", ("hello", "menu"), "ru"), Listen("l1", "ru")
            case SpeechLost():
                return (SetTimer("keys", 5.0),)
            case TimerFired() if self.topic == "none":
                self.finished = True
                return Note("no_input", "p/2"), HangUp()
            case Heard() | KeyPressed():
                self.topic = "access"
                return StartMusic(), EnterQueue("main", "access", "ru")
            case QueueRefused():
                self.finished = True
                return Play("full", ("full",), "ru"), HangUp()
            case TalkEnded(ended_by="operator"):
                return StopMusic(), Play("bye", ("bye",), "ru")
            case PromptFinished("bye"):
                self.finished = True
                return (HangUp(),)
            case CallerHungUp():
                self.finished = True
        return ()


@dataclass
class ScriptedEar:
    host: str = "127.0.0.1"
    port: int = 4000
    listening: list[str] = field(default_factory=list)
    opened: bool = False
    closed: bool = False

    def listen(self, request: Listen) -> None:
        self.listening.append(request.listening)

    def finish(self, listening: str) -> None:
        self.listening.append(f"finish {listening}")

    def stop(self, listening: str) -> None:
        self.listening.remove(listening)

    def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedSpeech:
    ear: ScriptedEar | None = field(default_factory=ScriptedEar)

    async def open(self, call: CallId) -> Ear:
        await asyncio.sleep(0.01)
        if self.ear is None:
            raise SpeechBusy("all workers are full")
        self.ear.opened = True
        return self.ear


@dataclass(frozen=True)
class ScriptedOffer:
    offer: str = "offer-1"
    operator: str = "anna"
    ring_seconds: float = 8.0
    reason: str = "free the longest"


@dataclass
class ScriptedQueue:
    """Gives the call to these operators, one after another."""

    operators: list[str]
    give: Callable[[ScriptedOffer], None] | None = None
    refuses: bool = False
    hasty: bool = False
    told: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    when_talk_ends: Callable[[], None] = lambda: None

    def standing(self, call: CallId) -> Queued | None:
        return Queued("main", 2)

    async def enter(
        self,
        call: CallId,
        wanted: EnterQueue,
        line: str,
        entered_at: float,
        *,
        preferred: str = "",
        caller_token: str = "",
        passed_by: str = "",
    ) -> Queued | QueueRefused:
        if passed_by:
            self.said.append(f"entered {wanted.topic} priority {wanted.priority} not {passed_by}")
        self.told.append((preferred, caller_token))
        if self.refuses:
            return QueueRefused("main", "full")
        if self.hasty and self.operators and self.give:
            self.give(ScriptedOffer(operator=self.operators.pop(0)))
            await asyncio.sleep(0.05)
        else:
            self._next()
        return Queued("main", 1)

    def _next(self) -> None:
        if self.operators and self.give:
            asyncio.get_running_loop().call_later(2.0, self.give, ScriptedOffer(operator=self.operators.pop(0)))

    async def leave(self, call: CallId, reason: str, *, caller_token: str = "") -> None:
        self.said.append(f"leave {reason}")
        self.told.append(("left", caller_token))

    async def accepted(self, offer: ScriptedOffer) -> bool:
        self.said.append(f"accepted {offer.operator}")
        return True

    async def declined(self, offer: ScriptedOffer, reason: OfferEnd) -> bool:
        self.said.append(f"declined {offer.operator} {reason}")
        self._next()
        return reason in ("no_answer", "unreachable")

    async def talk_ended(self, call: CallId) -> None:
        self.said.append("talk_ended")
        self.when_talk_ends()

    async def ask_in(self, call: CallId, operator: str, *, answered: bool = False) -> bool:
        self.said.append(f"asked in {operator}" + (" answered" if answered else ""))
        return operator not in self.busy

    async def let_go(self, call: CallId) -> None:
        self.said.append("let go")

    async def passed_on(self, call: CallId) -> None:
        self.said.append("passed on")


@dataclass
class Written:
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, str | int | float | bool | None] | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        self.records.append((kind, dict(data or {})))

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.records]


@dataclass
class World:
    asterisk: FakeAsterisk
    speech: ScriptedSpeech
    queue: ScriptedQueue
    journal: Written
    plan: ShortPlan
    line: Line
    session: CallSession | None = None

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_later(seconds, action)

    def hear(self, text: str) -> None:
        assert self.session
        self.session.receive(Heard("l1", text))


@dataclass(frozen=True)
class RepeatCaller:
    token: str = "hash"

    async def known_operator(self) -> str:
        return "boris"


async def look_up(service: str, arguments: Mapping[str, str], caller: str) -> Mapping[str, str]:
    if service == "broken":
        raise StoreUnavailable("gone")
    return {"status": f"{service} {arguments['number']} of {caller}"}


def live(
    script: Callable[[World], None],
    telephones: Mapping[str, Telephone] | None = None,
    operators: tuple[str, ...] = ("anna",),
    ear: bool = True,
    plan: ShortPlan | None = None,
    refuses: bool = False,
    asterisk: FakeAsterisk | None = None,
    outside: Callable[[str], str] = lambda number: f"{number}-trunk",
) -> tuple[World, Outcome]:
    """Live one call on virtual time; `script` says what the caller does when."""
    asterisk = asterisk or FakeAsterisk({"anna": Telephone(3.0)} if telephones is None else telephones)
    worlds: list[World] = []

    async def call_through() -> Outcome:
        arrived: asyncio.Queue[IncomingCall] = asyncio.Queue()
        line = Line(asterisk, "ivr", arrived.put_nowait, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        queue, journal = ScriptedQueue(list(operators), refuses=refuses), Written()
        speech = ScriptedSpeech(ScriptedEar() if ear else None)
        world = World(asterisk, speech, queue, journal, plan or ShortPlan(), line)
        worlds.append(world)
        parts = Parts(
            line,
            speech,
            queue,
            journal,
            LoopClock(),
            lambda _, prompt: f"sound:{prompt}",
            str,
            lambda *_: RepeatCaller(),
            Around,
            look_up,
            outside=outside,
        )
        await asyncio.sleep(0.1)
        asterisk.call_in("caller-1", "88005553535", "+79990000000")
        world.session = CallSession(CALL, await arrived.get(), world.plan, parts)
        queue.give = world.session.offer
        script(world)
        outcome = await world.session.run()
        await asyncio.sleep(1.0)
        assert not reading.done(), "the line reads no more events"
        assert line.listeners.idle, "the line keeps channels that are gone"
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return outcome

    outcome = run_virtually(call_through())
    world = worlds[0]
    if world.speech.ear:
        assert world.speech.ear.closed == world.speech.ear.opened
    return world, outcome


def nothing_left(world: World) -> bool:
    return not (world.asterisk.channels or world.asterisk.bridges or world.asterisk.playbacks)
