"""A call's recording on the scripted Asterisk, and how finished ones are sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ivr.call.effects import Answer, Effect, EnterQueue, HangUp, StartRecording
from ivr.call.events import Arrived, CallId, Event, TalkEnded
from ivr.call.identity import new_call_id
from ivr.call.recording import Recording, Sealing
from ivr.errors import StoreUnavailable
from ivr.journal.privacy import new_data_key
from ivr.journal.recordings import Recordings
from ivr.line.asterisk import Line
from ivr.line.events import RecordingDone
from ivr.line.fake import FakeAsterisk
from ivr.line.tape import Tape
from ivr.virtual_time import run_virtually
from tests.unit.call.world import CALL as CALL_OF_WORLD
from tests.unit.call.world import ShortPlan, World, live, nothing_left

CALL = new_call_id(1_795_000_000.0, 7)
KEY = new_data_key()


def recorded(script: Any) -> tuple[FakeAsterisk, list[str]]:
    """Run `script(recording, asterisk)` beside a caller on channel c1; gives the kinds that were written down."""
    asterisk, told = FakeAsterisk(), list[str]()

    def record(kind: str, _: Mapping[str, Any]) -> None:
        told.append(kind)

    async def run() -> None:
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        asterisk.call_in("c1", "700", "+79990000000")
        await script(Recording(CALL, "c1", line, record), asterisk)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    run_virtually(run())
    return asterisk, told


def test_it_pauses_and_ends_with_nothing_left() -> None:
    async def script(recording: Recording, asterisk: FakeAsterisk) -> None:
        await recording.begin()
        assert asterisk.recordings == {CALL: "c1-record"}
        await recording.pause()
        assert asterisk.muted == {CALL}
        await recording.resume()
        assert asterisk.muted == set()
        await recording.end()
        await recording.end()

    asterisk, told = recorded(script)
    assert told == ["recording_began", "recording_paused", "recording_resumed"]
    assert (asterisk.recordings, list(asterisk.channels)) == ({}, ["c1"])


def test_nothing_is_asked_of_asterisk_where_nothing_began() -> None:
    async def script(recording: Recording, _: FakeAsterisk) -> None:
        await recording.pause()
        await recording.resume()
        await recording.end()

    asterisk, told = recorded(script)
    assert told == []
    assert [path for _, path in asterisk.requests if "record" in path] == []


def test_a_call_that_cannot_be_recorded_goes_on() -> None:
    async def script(recording: Recording, asterisk: FakeAsterisk) -> None:
        asterisk.hang_up_caller("c1")
        await recording.begin()

    assert recorded(script)[1] == ["recording_failed"]


@dataclass
class RecordedTalk(ShortPlan):
    """Recorded from the start; straight to an operator."""

    def step(self, event: Event) -> tuple[Effect, ...]:
        match event:
            case Arrived():
                return Answer(), StartRecording(), EnterQueue("main", "access", "ru")
            case TalkEnded():
                self.finished = True
                return (HangUp(),)
        return ()


def test_what_an_operator_has_paused_goes_on_after_the_talk() -> None:
    def script(world: World) -> None:
        world.at(6.0, lambda: world.session and world.session.pause_recording(paused=True))
        world.at(8.0, lambda: world.asterisk.hang_up_caller(f"{CALL_OF_WORLD}-leg0"))

    world, _ = live(script, plan=RecordedTalk())
    landmarks = ("recording_began", "connected", "recording_paused", "talk_ended", "recording_resumed", "ended")
    assert [kind for kind in world.journal.kinds if kind in landmarks] == [*landmarks]
    assert nothing_left(world)


def test_what_cannot_be_paused_ends() -> None:
    async def script(recording: Recording, asterisk: FakeAsterisk) -> None:
        await recording.begin()
        asterisk.mutes = False
        await recording.pause()

    asterisk, _ = recorded(script)
    assert asterisk.recordings == {}


class Sealed:
    """A `Sealing` over real files; `told` are the records, `lost_keys` how often the store is away first."""

    def __init__(self, folder: Path, lost_keys: int = 0) -> None:
        self.asterisk = FakeAsterisk()
        self.plain = folder / "plain"
        self.plain.mkdir()
        self.recordings = Recordings(folder / "sealed")
        self.told: list[tuple[str, str]] = []
        self.sealing = Sealing(Tape(self.asterisk), self.plain, self.recordings, self._key, self._record)
        self._lost_keys = lost_keys

    def file(self, call: CallId) -> Path:
        path = self.plain / f"{call}.sln"
        path.write_bytes(bytes(32_000))
        return path

    def run(self, script: Any) -> None:
        async def run() -> None:
            running = asyncio.create_task(self.sealing.run())
            await script()
            await self.sealing.close()
            running.cancel()

        asyncio.run(run())

    async def _key(self, _: str) -> bytes:
        if self._lost_keys:
            self._lost_keys -= 1
            raise StoreUnavailable("the store is away")
        return KEY

    def _record(self, call: str, kind: str, path: str, data: Mapping[str, Any]) -> None:
        assert data == {"seconds": 2.0}
        self.told.append((call, kind))


def test_a_finished_recording_is_sealed_and_the_plain_one_gone(tmp_path: Path) -> None:
    here = Sealed(tmp_path)
    plain = here.file(CALL)

    async def script() -> None:
        here.sealing.done(RecordingDone(CALL))
        here.sealing.done(RecordingDone(CALL))  # Asterisk may say so twice

    here.run(script)
    assert here.told == [(CALL, "recorded")]
    assert not plain.exists()
    assert here.recordings.path(CALL).exists()


def test_what_cannot_be_sealed_now_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.call.recording._AGAIN_SECONDS", 0.01)
    here = Sealed(tmp_path, lost_keys=2)
    here.file(CALL)

    async def script() -> None:
        here.sealing.done(RecordingDone(CALL))

    here.run(script)
    assert here.told == [(CALL, "recorded")]


def test_what_a_dead_controller_left_is_sealed_unless_its_call_goes_on(tmp_path: Path) -> None:
    here = Sealed(tmp_path)
    over, running, alive = (new_call_id(1_795_000_000.0 + index, 7) for index in range(3))
    for call in (over, running, alive):
        here.file(call)
    here.asterisk.recordings = {running: "c2-record", alive: "c3-record"}

    async def script() -> None:
        await here.sealing.sweep({alive})
        assert here.asterisk.recordings == {alive: "c3-record"}
        here.sealing.done(RecordingDone(running))  # as the line tells what Asterisk says of it
        here.sealing.done(RecordingDone(alive))

    assert [frame["type"] for frame in here.asterisk.sent] == []
    here.run(script)
    assert [frame["recording"]["name"] for frame in here.asterisk.sent] == [running]
    assert sorted(call for call, _ in here.told) == [over, running, alive]
