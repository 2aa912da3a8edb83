"""Recognition during one call: opened when first asked for, lost and found again, never where an operator talks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ivr.call.effects import (
    Answer,
    Effect,
    EnterQueue,
    Listen,
)
from ivr.call.events import (
    Arrived,
    CallerHungUp,
    Event,
    SpeechLost,
    TalkEnded,
)
from ivr.call.hearing import Hearing
from ivr.line.asterisk import Line
from ivr.line.fake import FakeAsterisk
from ivr.virtual_time import run_virtually
from tests.unit.call.world import (
    CALL,
    ScriptedEar,
    ScriptedSpeech,
    ShortPlan,
    World,
    live,
    nothing_left,
)


def test_without_a_recogniser_the_menu_goes_on_with_keys() -> None:
    world, outcome = live(lambda _: None, ear=False)
    assert outcome == "ended"
    assert any(isinstance(event, SpeechLost) for event in world.plan.seen)
    assert "no_input" in world.journal.kinds
    assert nothing_left(world)


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
