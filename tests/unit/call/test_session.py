"""One call's life on the scripted Asterisk: whatever happens, it ends in a defined way and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ivr.call.effects import (
    Answer,
    Effect,
    EnterQueue,
    HangUp,
    Listen,
    LookUp,
    Note,
    Outcome,
    Play,
    RequestCallback,
    SetTimer,
    StartMusic,
    StopMusic,
)
from ivr.call.events import (
    Arrived,
    CallbackRefused,
    CallerHungUp,
    CallId,
    Event,
    Heard,
    KeyPressed,
    LookedUp,
    LookUpFailed,
    OfferEnd,
    PromptFinished,
    Queued,
    QueueRefused,
    SpeechLost,
    TalkEnded,
    TimerFired,
)
from ivr.call.hearing import Hearing
from ivr.call.parts import Around, Ear, Parts
from ivr.call.session import CallSession
from ivr.errors import AsteriskRefused, SpeechBusy, StoreUnavailable
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.virtual_time import LoopClock, run_virtually

CALL = CallId("testcall0001")


@dataclass
class ShortPlan:
    """Greeting, listening, queue, goodbye: the least dialplan that uses everything a call has."""

    finished: bool = False
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

    async def declined(self, offer: ScriptedOffer, reason: OfferEnd) -> None:
        self.said.append(f"declined {offer.operator} {reason}")
        self._next()

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


def test_a_good_call_from_ring_to_goodbye() -> None:
    def script(world: World) -> None:
        world.at(3.0, lambda: world.hear("не могу войти"))
        world.at(20.0, lambda: world.asterisk.hang_up_caller(f"{CALL}-leg1"))

    world, outcome = live(script)
    assert outcome == "talked"
    assert world.journal.kinds == ["arrived", "answered", "offered", "connected", "talk_ended", "ended"]
    assert dict(world.journal.records)["talk_ended"]["ended_by"] == "operator"
    assert dict(world.journal.records)["ended"]["queue_wait_seconds"] == pytest.approx(5.0, abs=0.1)
    assert world.queue.said == ["accepted anna", "talk_ended"]
    assert nothing_left(world)


@pytest.mark.parametrize("after_seconds", [0.0, 0.005, 0.5, 2.5, 4.0, 5.5, 7.9, 9.0])
def test_the_caller_may_hang_up_at_any_moment(after_seconds: float) -> None:
    def script(world: World) -> None:
        world.at(3.0, lambda: world.hear("не могу войти"))
        world.at(after_seconds, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script)
    assert outcome == ("talked" if after_seconds > 8.0 else "left")
    assert world.journal.kinds[-1] == "ended"
    assert nothing_left(world)
    if 3.0 < after_seconds < 8.0:
        assert world.queue.said == ["leave caller_left"]


@pytest.mark.parametrize("who", ["caller-1", f"{CALL}-leg1"])
def test_an_operator_is_free_with_the_telephone_free_and_before_the_bridge_is_cleared_away(who: str) -> None:
    seen: list[tuple[bool, bool]] = []

    def script(world: World) -> None:
        asterisk = world.asterisk
        world.at(1.0, lambda: asterisk.press("caller-1", "1"))
        world.at(20.0, lambda: asterisk.hang_up_caller(who))
        world.queue.when_talk_ends = lambda: seen.append((f"{CALL}-leg1" in asterisk.channels, bool(asterisk.bridges)))

    world, _ = live(script)
    assert seen == [(False, True)]
    assert nothing_left(world)


def test_an_operator_who_does_not_answer_costs_only_the_ring_time() -> None:
    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(60.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    telephones = {"silent": Telephone(None), "busy": Telephone(None, 0.5), "anna": Telephone(1.0)}
    world, outcome = live(script, telephones, ("silent", "busy", "absent", "anna"))
    assert outcome == "talked"
    assert world.queue.said[:4] == [
        "declined silent no_answer",
        "declined busy declined",
        "declined absent unreachable",
        "accepted anna",
    ]
    assert nothing_left(world)


def test_a_withdrawn_offer_stops_ringing_at_once() -> None:
    def script(world: World) -> None:
        assert world.session
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        session = world.session
        world.at(4.0, lambda: session.withdraw(ScriptedOffer()))
        world.at(6.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script, {"anna": Telephone(None)})
    assert outcome == "left"
    assert dict(world.journal.records)["offer_ended"]["reason"] == "withdrawn"
    assert nothing_left(world)


def test_without_a_recogniser_the_menu_goes_on_with_keys() -> None:
    world, outcome = live(lambda _: None, ear=False)
    assert outcome == "ended"
    assert any(isinstance(event, SpeechLost) for event in world.plan.seen)
    assert "no_input" in world.journal.kinds
    assert nothing_left(world)


def test_a_full_queue_is_told_to_the_plan() -> None:
    world, outcome = live(lambda world: world.at(1.0, lambda: world.hear("оператор")), refuses=True)
    assert outcome == "ended"
    assert world.queue.said == []
    assert nothing_left(world)


def test_a_defect_in_the_plan_hands_the_caller_to_asterisk() -> None:
    world, outcome = live(lambda world: world.at(1.0, lambda: world.hear("войти")), plan=ShortPlan(breaks_on=Heard))
    assert outcome == "failed"
    assert ("POST", "channels/caller-1/continue?context=fallback&extension=s&priority=1") in world.asterisk.requests
    assert dict(world.journal.records)["ended"]["handed_over"] is True
    assert nothing_left(world)


def test_a_lost_event_socket_loses_no_event() -> None:
    def script(world: World) -> None:
        def lose() -> None:
            world.asterisk.drop_socket()
            world.asterisk.hang_up_caller("caller-1")

        world.at(1.0, lose)

    world, outcome = live(script)
    assert outcome == "left"
    assert nothing_left(world)


def test_a_prompt_that_ended_while_the_socket_was_lost_is_made_up_for() -> None:
    def script(world: World) -> None:
        world.at(3.99, world.asterisk.drop_socket)
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script)
    assert PromptFinished("greeting") in world.plan.seen


def test_a_dead_speech_worker_costs_the_utterance_in_the_air_only() -> None:
    def script(world: World) -> None:
        def die() -> None:
            assert world.session
            world.speech.ear = ScriptedEar(port=4001)
            world.session.receive(SpeechLost("l1", "worker gone"))

        world.at(1.0, die)
        world.at(2.0, lambda: world.hear("не могу войти"))
        world.at(30.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script)
    assert outcome == "talked"
    assert world.speech.ear
    assert world.speech.ear.opened
    assert nothing_left(world)


def test_an_operator_who_is_gone_before_the_first_word_costs_no_place() -> None:
    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(30.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    class Hasty(FakeAsterisk):
        """The telephone is hung up just as the two are about to be joined."""

        async def request(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
            if path.endswith("-talk"):
                self.hang_up_caller(f"{CALL}-leg1")
            return await super().request(method, path, body, **query)

    world, outcome = live(script, asterisk=Hasty({"anna": Telephone(1.0)}))
    assert outcome == "left"
    assert dict(world.journal.records)["offer_ended"]["reason"] == "unreachable"
    assert [event.ended_by for event in world.plan.seen if isinstance(event, TalkEnded)] == ["failed"]
    assert "talk_ended" in world.queue.said
    assert nothing_left(world)


@dataclass
class AskingPlan(ShortPlan):
    """Asks two services, then hangs up."""

    def step(self, event: Event) -> tuple[Effect, ...]:
        self.seen.append(event)
        match event:
            case Arrived():
                return (
                    Answer(),
                    RequestCallback("+7999"),
                    LookUp("a", "status", {"number": "17"}),
                    LookUp("b", "broken"),
                )
            case LookUpFailed():
                self.finished = True
                return (HangUp(),)
        return ()


def test_services_answer_or_fail_and_the_plan_is_told() -> None:
    world, outcome = live(lambda _: None, plan=AskingPlan())
    assert outcome == "ended"
    assert LookedUp("a", {"status": "status 17 of +79990000000"}) in world.plan.seen
    assert LookUpFailed("b", "StoreUnavailable") in world.plan.seen
    assert CallbackRefused("nobody is rung back here") in world.plan.seen
    assert nothing_left(world)


def test_an_offer_that_overtakes_the_queues_answer_is_journalled_after_it() -> None:
    def script(world: World) -> None:
        world.queue.hasty = True
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script)
    assert outcome == "talked"
    seen = [type(event).__name__ for event in world.plan.seen]
    assert seen.index("Queued") < seen.index("Offered")


def test_the_queue_learns_who_knows_the_caller_and_keeps_the_place_of_one_who_is_cut_off() -> None:
    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(2.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script, operators=())
    assert world.queue.told == [("boris", "hash"), ("left", "hash")]


def test_before_an_announcement_the_plan_learns_where_the_caller_stands() -> None:
    class Announcing(ShortPlan):
        def step(self, event: Event) -> tuple[Effect, ...]:
            if isinstance(event, Queued) and not any(isinstance(seen, Queued) for seen in self.seen):
                self.seen.append(event)
                return (SetTimer("announcement", 5.0),)
            return super().step(event)

    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script, operators=(), plan=Announcing())
    positions = [event.position for event in world.plan.seen if isinstance(event, Queued)]
    assert positions == [1, 2]


def test_a_caller_who_leaves_just_before_a_prompt_is_no_fault_of_ours() -> None:
    class Leaving(FakeAsterisk):
        """The caller hangs up as the prompt is asked for: the channel exists, but is no longer ours."""

        async def request(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
            if path.endswith("/play"):
                asyncio.get_running_loop().call_later(0.1, self.hang_up_caller, "caller-1")
                raise AsteriskRefused(f"{method} {path}", 409, "Channel not in Stasis application")
            return await super().request(method, path, body, **query)

    world, outcome = live(lambda _: None, asterisk=Leaving())
    assert outcome == "left"
    assert nothing_left(world)


@dataclass
class QueueAtOnce(ShortPlan):
    """Straight to an operator; afterwards it wants to hear a mark."""

    def step(self, event: Event) -> tuple[Effect, ...]:
        self.seen.append(event)
        match event:
            case Arrived():
                return Answer(), EnterQueue("main", "access", "ru")
            case TalkEnded(ended_by="operator"):
                return (Listen("mark", "ru"),)
            case CallerHungUp():
                self.finished = True
        return ()


def taps(world: World) -> int:
    return world.asterisk.requests.count(("POST", "channels/externalMedia"))


def test_who_never_speaks_to_the_plan_costs_no_tap() -> None:
    world, outcome = live(
        lambda world: world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1")), plan=QueueAtOnce()
    )
    assert outcome == "talked"
    assert taps(world) == 0


def test_a_question_after_the_talk_is_heard_as_well() -> None:
    def script(world: World) -> None:
        world.at(7.0, lambda: world.asterisk.hang_up_caller(f"{CALL}-leg0"))
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script, plan=QueueAtOnce())
    assert taps(world) == 1
    assert world.speech.ear
    assert world.speech.ear.listening == ["mark"]
    assert nothing_left(world)


def test_who_waits_is_not_listened_to() -> None:
    heard_by: list[set[str]] = []

    def script(world: World) -> None:
        world.at(0.5, lambda: heard_by.append(set(world.asterisk.channels)))
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(3.0, lambda: heard_by.append(set(world.asterisk.channels)))
        world.at(4.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script, operators=())
    assert [len(channels) for channels in heard_by] == [3, 1]
    assert nothing_left(world)


def test_recognition_that_was_not_to_be_had_is_asked_for_again() -> None:
    lost: list[SpeechLost] = []

    async def two_questions() -> ScriptedSpeech:
        asterisk, speech = FakeAsterisk(), ScriptedSpeech(None)
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        asterisk.call_in("caller-1", "88005553535")
        hearing = Hearing(line, speech, lost.append)
        assert hearing.listen(Listen("l1", "ru"))
        await hearing.open(CALL, "caller-1")
        assert not hearing.lose(), "the worker is full: to open another ear at once would be in vain"
        speech.ear = ScriptedEar()
        assert hearing.listen(Listen("l2", "ru"))
        await hearing.open(CALL, "caller-1")
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return speech

    speech = run_virtually(two_questions())
    assert [event.listening for event in lost] == ["l1"]
    assert speech.ear
    assert speech.ear.listening == ["l2"]


def test_an_operator_who_answers_while_the_tap_is_being_opened_is_not_listened_to() -> None:
    async def taken_over() -> FakeAsterisk:
        asterisk = FakeAsterisk()
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        asterisk.call_in("caller-1", "88005553535")
        hearing = Hearing(line, ScriptedSpeech(), lambda _: None)
        assert hearing.listen(Listen("l1", "ru"))
        assert not hearing.listen(Listen("l2", "ru"))
        opening = asyncio.create_task(hearing.open(CALL, "caller-1"))
        await asyncio.sleep(0.005)
        await hearing.release()
        await opening
        asterisk.hang_up_caller("caller-1")
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return asterisk

    asterisk = run_virtually(taken_over())
    assert not asterisk.channels
    assert not asterisk.bridges
