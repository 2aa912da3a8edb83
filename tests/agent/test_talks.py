"""Who hears whom on a real Asterisk: hold, consultation, three at once, transfers, and a supervisor in the talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile
from ivr.agent.steps import CallReport
from ivr.call.effects import Answer, Effect, EnterQueue, HangUp
from ivr.call.events import Arrived, CallerHungUp, Event, TalkEnded
from ivr.call.parts import Around, Parts
from ivr.call.session import CallSession
from ivr.call.talk import Talk
from ivr.clock import SystemClock
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall, OperatorCode
from ivr.operator.desk import AskIn, Complete, Hold, Join, Resume, Target
from tests.agent.conftest import PASSWORDS, OtherSide
from tests.agent.tones import heard, write_tone
from tests.unit.call.world import CALL, RepeatCaller, ScriptedQueue, ScriptedSpeech, Written, look_up

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]

BORIS = Target("operator", "boris")
_MOMENT_SECONDS = 1.6
_UNTIL_SECONDS = 10.0


@dataclass
class StraightToAnOperator:
    finished: bool = False
    state: None = None
    topic: str = "access"
    seen: list[Event] = field(default_factory=list)

    def resume(self) -> tuple[Effect, ...]:
        raise AssertionError("nobody takes this call over")

    def step(self, event: Event) -> tuple[Effect, ...]:
        match event:
            case Arrived():
                return Answer(), EnterQueue("main", "access", "ru")
            case TalkEnded() | CallerHungUp():
                self.finished = True
                return (HangUp(),)
        return ()


class Floor:
    """A call session as the controller makes it, on the line of a real Asterisk."""

    def __init__(self, other_side: OtherSide) -> None:
        self.journal = Written()
        self.session: CallSession | None = None
        self._arrived: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._codes: set[asyncio.Task[None]] = set()
        line = Line(other_side.ari, "ivr", self._arrived.put_nowait, self._code, lambda _: None)
        other_side.line = line
        self._line = line
        self._queue = ScriptedQueue(["anna"])
        self._parts = Parts(
            line,
            ScriptedSpeech(None),
            self._queue,
            self.journal,
            SystemClock(),
            lambda _, prompt: f"sound:{prompt}",
            str,
            lambda *_: RepeatCaller(),
            Around,
            look_up,
        )

    def _code(self, dialled: OperatorCode) -> None:
        async def accept() -> None:
            await self._line.answer(dialled.channel)
            await self._line.hang_up(dialled.channel)

        self._codes.add(asyncio.create_task(accept()))

    async def serve(self) -> None:
        self.session = CallSession(CALL, await self._arrived.get(), StraightToAnOperator(), self._parts)
        self._queue.give = self.session.offer
        await self.session.run()

    async def talk(self) -> Talk:
        async with asyncio.timeout(_UNTIL_SECONDS):
            while not (self.session and self.session.talk and "connected" in self.journal.kinds):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return self.session.talk

    async def told(self, kind: str, count: int = 1) -> None:
        async with asyncio.timeout(_UNTIL_SECONDS):
            while self.journal.kinds.count(kind) < count:  # noqa: ASYNC110 -- the journal has no event for a test
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="session")
async def floor(other_side: OtherSide) -> AsyncIterator[Floor]:
    yield Floor(other_side)


def speaking(folder: Path, name: str, seconds: float = 30.0) -> OperatorScript:
    return OperatorScript(answer_after_seconds=0.2, talk=(PlayFile(write_tone(folder, name)),), talk_seconds=seconds)


async def call(agent: Agent, floor: Floor, folder: Path) -> tuple[asyncio.Task[None], asyncio.Task[CallReport]]:
    tone = PlayFile(write_tone(folder, "caller"))
    script = CallScript(((tone,),), say_after_seconds=0.0, limit_seconds=40.0)
    return asyncio.create_task(floor.serve()), asyncio.create_task(agent.call("88005553535", script))


async def moment() -> None:
    await asyncio.sleep(_MOMENT_SECONDS)


async def test_hold_consult_three_at_once_and_a_warm_transfer(agent: Agent, floor: Floor, tmp_path: Path) -> None:
    async with (
        agent.operator("anna", PASSWORDS["anna"], speaking(tmp_path, "anna")) as anna,
        agent.operator("boris", PASSWORDS["boris"], speaking(tmp_path, "boris", 6.0)) as boris,
    ):
        serving, calling = await call(agent, floor, tmp_path)
        talk = await floor.talk()
        await moment()
        await talk.act(Hold())
        await moment()
        await talk.act(Resume())
        await moment()
        await talk.act(AskIn(BORIS))
        await floor.told("consulted")
        await moment()
        await talk.act(Join())
        await moment()
        await talk.act(Complete())
        report = await calling
        await serving
        ours, theirs = await anna.talks.get(), await boris.talks.get()
    assert report.heard
    assert ours.heard
    assert theirs.heard
    assert heard(report.heard)[-6:] == [{"anna"}, {"music"}, {"anna"}, {"music"}, {"anna", "boris"}, {"boris"}]
    # silence while the caller is on hold; how long a colleague takes to answer, also in silence, is another matter
    assert [each for each in heard(ours.heard) if each] == [{"caller"}, {"caller"}, {"boris"}, {"boris", "caller"}]
    assert heard(theirs.heard) == [{"anna"}, {"anna", "caller"}, {"caller"}]


async def test_a_supervisor_and_a_blind_transfer(agent: Agent, floor: Floor, tmp_path: Path) -> None:
    async with (
        agent.operator("anna", PASSWORDS["anna"], speaking(tmp_path, "anna")) as anna,
        agent.operator("boris", PASSWORDS["boris"], speaking(tmp_path, "boris", 3.5)) as boris,
        agent.operator("olga", PASSWORDS["olga"], speaking(tmp_path, "olga")) as olga,
    ):
        serving, calling = await call(agent, floor, tmp_path)
        talk = await floor.talk()
        assert floor.session
        for count, mode in enumerate(("listen", "whisper", "join", "listen"), 1):
            floor.session.listen_in("olga", "olga", mode)  # type: ignore[arg-type]  # each of the tuple is one
            await floor.told("supervised", count)
            await moment()
        await talk.act(AskIn(BORIS, transfer=True))
        await floor.told("connected", 2)
        report = await calling
        await serving
        ours, theirs, hers = await anna.talks.get(), await boris.talks.get(), await olga.talks.get()
    assert report.heard
    assert ours.heard
    assert theirs.heard
    assert hers.heard
    assert [each for each in heard(report.heard) if each - {"music"}] == [
        {"anna"},
        {"anna", "olga"},
        {"anna"},
        {"boris"},
    ]
    assert heard(ours.heard)[:3] == [{"caller"}, {"caller", "olga"}, {"caller"}]
    assert heard(theirs.heard) == [{"caller"}]
    assert {"anna", "caller"} in heard(hers.heard)
    assert {"boris", "caller"} in heard(hers.heard)
