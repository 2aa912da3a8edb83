"""A talk whose controller has died, under a new one: the operator can do what could be done before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ivr.call.events import CallerHungUp, CallId, Connected
from ivr.call.kept import Adopted, KeptCall
from ivr.call.parts import Around, Parts
from ivr.call.recovery import Recovery
from ivr.call.remains import Inherited, Remains, inherit, sort_out
from ivr.call.session import CallSession
from ivr.journal.fold import CallState
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall
from ivr.line.fake import FakeAsterisk, Telephone, _Channel
from ivr.operator.desk import Act, AskIn, Complete, Desk, Hold, Resume, Target
from ivr.virtual_time import LoopClock, run_virtually
from tests.unit.call.world import CALL, RepeatCaller, ScriptedQueue, ScriptedSpeech, ShortPlan, Written, look_up

BORIS = Target("operator", "boris")
TALK, HOLD, CALLER, ANNA, SECOND = f"{CALL}-talk", f"{CALL}-hold", "caller-1", f"{CALL}-leg1", f"{CALL}-leg2"
CHIEF = f"{CALL}-with-leg3"
DIALPLAN = {"app_name": "Stasis", "app_data": "ivr,line,123,sip"}


def left(rooms: Mapping[str, tuple[str, ...]], accounts: Mapping[str, str]) -> Remains:
    """What Asterisk tells when the controller of that call has died."""
    channels = [
        {"id": name, "name": f"PJSIP/{account}-00000001", "dialplan": DIALPLAN, "caller": {"number": "+7999"}}
        for name, account in accounts.items()
    ]
    return sort_out(channels, [{"id": room, "channels": list(who), "creator": "Stasis"} for room, who in rooms.items()])


WITH_ANNA = {CALLER: "trunk", ANNA: "anna-browser"}
WITH_BORIS = {**WITH_ANNA, SECOND: "boris"}


@pytest.mark.parametrize(
    ("rooms", "accounts", "told", "found"),
    [
        ({TALK: (CALLER, ANNA)}, WITH_ANNA, CallState(), Inherited(Desk("anna"), ANNA)),
        ({TALK: (ANNA,), HOLD: (CALLER,)}, WITH_ANNA, CallState(held=True), Inherited(Desk("anna"), ANNA)),
        (
            {TALK: (ANNA, SECOND), HOLD: (CALLER,)},
            WITH_BORIS,
            CallState(held=True, asked_in="boris"),
            Inherited(Desk("anna", "conference", BORIS), ANNA, SECOND),
        ),
        (
            {TALK: (CALLER, SECOND, ANNA)},
            {**WITH_ANNA, SECOND: "trunk"},
            CallState(asked_in="mfc"),
            Inherited(Desk("anna", "conference", Target("outside", "mfc")), ANNA, SECOND),
        ),
        (  # a supervisor who had joined is let go: nobody would know of them any more
            {TALK: (CALLER, ANNA, CHIEF)},
            {**WITH_ANNA, CHIEF: "headset-1"},
            CallState(),
            Inherited(Desk("anna"), ANNA),
        ),
        ({TALK: (CALLER, SECOND)}, {CALLER: "trunk", SECOND: "boris"}, CallState(), None),
    ],
)
def test_who_talks_to_whom_is_told_from_the_rooms(
    rooms: Mapping[str, tuple[str, ...]], accounts: Mapping[str, str], told: CallState, found: Inherited | None
) -> None:
    state = CallState(phase="talking", operator="anna", held=told.held, asked_in=told.asked_in)
    assert inherit(left(rooms, accounts), CALL, CALLER, state) == found


class Scene:
    """anna and the caller have talked for 10 s as the controller died; then what the test says, at those seconds."""

    def __init__(self, talk: Inherited) -> None:
        self.asterisk = FakeAsterisk({"boris": Telephone(1.0)})
        self.queue, self.journal, self.plan = ScriptedQueue([]), Written(), ShortPlan(topic="access")
        self.rooms: dict[float, dict[str, set[str]]] = {}
        self._talk = talk
        self._does: dict[float, Callable[[CallSession], object]] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        for name in (CALLER, talk.operator_channel, *filter(None, (talk.other_channel,))):
            self.asterisk.channels[name] = _Channel(name, state="Up", ours=name != CALLER)
        self.asterisk.bridges[TALK] = set(self.asterisk.channels)

    def at(self, seconds: float, does: Act | Callable[[CallSession], object]) -> Scene:
        def act(session: CallSession) -> None:
            assert session.talk
            assert not callable(does)
            self._tasks.append(asyncio.create_task(session.talk.act(does)))

        self._does[seconds] = does if callable(does) else act
        return self

    def look(self, seconds: float) -> Scene:
        def see(_: CallSession) -> None:
            self.rooms[seconds] = {name: set(members) for name, members in self.asterisk.bridges.items()}

        return self.at(seconds, see)

    def hang_up(self, seconds: float, channel: str) -> Scene:
        return self.at(seconds, lambda _: self.asterisk.hang_up_caller(channel))

    def play(self) -> None:
        assert run_virtually(self._play()) == "talked"
        assert self.asterisk.channels == {}
        assert self.asterisk.bridges == {}

    async def _play(self) -> str:
        clock = LoopClock()
        line = Line(self.asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        parts = Parts(
            *(line, ScriptedSpeech(None), self.queue, self.journal, clock),
            *(lambda _, prompt: f"sound:{prompt}", str, lambda *_: RepeatCaller(), Around, look_up),
        )
        incoming = IncomingCall(CALLER, "123", "+7999", "sip")
        state = cast("Any", SimpleNamespace(playing=None, music=False, recording=False))
        now = clock.wall()
        kept = KeptCall(CALL, incoming, 1, state, now - 30.0, now - 20.0, now, clock.monotonic())
        session = CallSession(CALL, incoming, self.plan, parts)
        await line.online.wait()
        session.take_over(Adopted(kept, "anna", now - 10.0, talk=self._talk))
        await line.catch_up()
        for seconds, does in self._does.items():
            asyncio.get_running_loop().call_later(seconds, does, session)
        outcome = await session.run()
        await asyncio.gather(*self._tasks)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return outcome


def test_the_operator_holds_and_transfers_as_before() -> None:
    scene = Scene(Inherited(Desk("anna"), ANNA))
    scene.at(2.0, Hold()).look(3.0).at(4.0, Resume()).look(5.0).at(6.0, AskIn(BORIS, transfer=True)).look(9.0)
    scene.hang_up(12.0, CALLER).play()
    assert scene.rooms[3.0] == {TALK: {ANNA}, HOLD: {CALLER}}
    assert scene.rooms[5.0][TALK] == {CALLER, ANNA}
    boris = scene.rooms[9.0][TALK] - {CALLER}
    assert len(boris) == 1
    assert boris != {ANNA}
    told = dict(scene.journal.records)
    assert scene.journal.kinds == [
        *("held", "resumed", "asked_in", "talk_ended", "transferred", "connected", "talk_ended", "ended")
    ]
    assert told["transferred"]["target"] == "boris"
    assert told["ended"]["talk_seconds"] == pytest.approx(22.0, abs=0.5), "the seconds before count"
    assert scene.plan.seen[0] == Connected("anna")


def test_whoever_was_asked_in_stays_and_may_have_the_caller() -> None:
    conference = Inherited(Desk("anna", "conference", BORIS), ANNA, SECOND)
    scene = Scene(conference).at(2.0, Complete()).look(3.0).hang_up(5.0, CALLER)
    scene.play()
    assert scene.rooms[3.0][TALK] == {CALLER, SECOND}
    assert "passed on" in scene.queue.said


def test_whoever_was_asked_in_leaves_and_the_operator_has_the_caller_alone() -> None:
    conference = Inherited(Desk("anna", "conference", BORIS), ANNA, SECOND)
    scene = Scene(conference).hang_up(2.0, SECOND).at(3.0, Hold()).look(4.0).hang_up(6.0, ANNA)
    scene.play()
    assert scene.rooms[4.0] == {TALK: {ANNA}, HOLD: {CALLER}}
    assert "let go" in scene.queue.said
    assert scene.journal.kinds[-1] == "ended"


def test_who_has_gone_while_nobody_looked_is_noticed() -> None:
    scene = Scene(Inherited(Desk("anna"), ANNA))
    del scene.asterisk.channels[CALLER]
    scene.play()
    assert any(isinstance(event, CallerHungUp) for event in scene.plan.seen)


def test_a_talk_that_is_only_watched_ends_with_its_asterisk() -> None:
    asterisk, queue, journal = FakeAsterisk(), ScriptedQueue([]), Written()
    for name in (CALLER, ANNA):
        asterisk.channels[name] = _Channel(name, state="Up", ours=name != CALLER)
    asterisk.bridges[TALK] = {CALLER, ANNA}

    async def nothing_kept() -> dict[CallId, KeptCall]:
        return {}

    async def told(_: CallId) -> CallState:
        return CallState(phase="talking", operator="anna")

    async def watch() -> None:
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        nothing: Any = SimpleNamespace(load=nothing_kept, expect=lambda _: None, forget=lambda _: None)
        recovery = Recovery(
            *(asterisk, line, queue, journal, nothing, nothing, LoopClock()),
            plan_of=nothing,
            resume=told,
            name="controller-2",
        )
        await recovery.look()
        reading = asyncio.create_task(line.run())
        await line.online.wait()
        watching = list[asyncio.Task[None]]()
        await recovery.take_over(lambda work: watching.append(asyncio.create_task(work)))
        await asyncio.sleep(5.0)
        asterisk.die()
        await asyncio.gather(*watching)
        assert not reading.done(), "both sides were gone in the same moment"
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    run_virtually(watch())
    assert journal.kinds == ["adopted", "talk_ended", "ended"]
    assert dict(journal.records)["ended"]["reason"] == "line_lost"
    assert queue.said == ["talk_ended"]
