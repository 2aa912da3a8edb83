"""Calls that come for a plan out of a dialplan of the admin's own: it gets the caller back, with the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ivr.call.events import CallId
from ivr.call.parts import Around, Ear, Parts
from ivr.call.switchboard import Switchboard
from ivr.dialplan.model import Plans
from ivr.dialplan.source import load_plans
from ivr.errors import SpeechUnavailable
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall
from ivr.line.fake import FakeAsterisk
from ivr.line.fastagi import PlanResult
from ivr.speech.topics import load_topics
from ivr.virtual_time import LoopClock, run_virtually

TOPICS = Path(__file__).parents[3] / "dialplans" / "topics.yaml"
GIVEN_BACK = ("POST", "channels/c1/continue")
PLAN = """
plan: ask_number
languages: [ru]
variables: {wanted: text, sure: yes_no}
start: ask
sections:
  ask:
    - set: {sure: true}
    - collect: ask_request_number
      into: wanted
      format: request_number
      no_input: {again: 0, go: bye}
      no_match: {again: 0, go: bye}
    - topic: status
    - go: bye
  bye:
    - hang_up: goodbye
"""


class NoSpeech:
    async def open(self, call: CallId) -> Ear:
        raise SpeechUnavailable("nobody listens in this test")


class Unused:
    """Queue and journal, of which these calls need nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    (tmp_path / "ask_number.yaml").write_text(PLAN, encoding="utf-8")
    return load_plans(tmp_path, load_topics(TOPICS))


def live(
    plans: Mapping[str, Any],
    script: Callable[[FakeAsterisk, Switchboard], None],
    plan: str = "ask_number",
    media: Callable[[str, str], str] = lambda _, prompt: f"sound:{prompt}",
) -> tuple[FakeAsterisk, PlanResult]:
    """One call on virtual time, from the dialplan and back to it."""
    asterisk = FakeAsterisk()

    async def call_through() -> PlanResult:
        def arrive(incoming: IncomingCall) -> None:
            switchboard.arrive(incoming)

        line = Line(asterisk, "ivr", arrive, lambda _: None, lambda _: None)
        nothing: Any = Unused()
        parts = Parts(line, NoSpeech(), nothing, nothing, LoopClock(), media, str, lambda *_: nothing, Around, nothing)
        switchboard = Switchboard(lambda _: None, plans.get, parts)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        with switchboard.result("c1") as result:
            asterisk.call_in("c1", "700", "+79990000000", plan)
            script(asterisk, switchboard)
            told = await result
        await asyncio.sleep(0.1)
        await switchboard.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return told

    told = run_virtually(call_through())
    assert not asterisk.channels
    return asterisk, told


def press(asterisk: FakeAsterisk, keys: str) -> None:
    for number, key in enumerate(keys):
        asyncio.get_running_loop().call_later(3.0 + number / 10, asterisk.press, "c1", key)


def test_the_dialplan_gets_the_caller_back_once_with_what_the_plan_knows(plans: Plans) -> None:
    def script(asterisk: FakeAsterisk, _: Switchboard) -> None:
        press(asterisk, "100342#")
        asyncio.get_running_loop().call_later(20.0, asterisk.press, "c1", "1")

    asterisk, told = live(plans.by_name, script)
    assert asterisk.requests.count(GIVEN_BACK) == 1
    assert ("DELETE", "channels/c1") not in asterisk.requests
    assert (told.outcome, told.topic, told.language) == ("ended", "status", "ru")
    assert told.variables == {"wanted": "100342", "sure": True}
    assert told.call


def test_a_caller_who_hangs_up_is_told_as_such(plans: Plans) -> None:
    def script(asterisk: FakeAsterisk, _: Switchboard) -> None:
        asyncio.get_running_loop().call_later(3.0, asterisk.hang_up_caller, "c1")

    _, told = live(plans.by_name, script)
    assert (told.outcome, told.topic) == ("left", "none")


def test_our_own_fault_gives_the_caller_back_too(plans: Plans) -> None:
    def broken(language: str, prompt: str) -> str:
        raise ZeroDivisionError

    asterisk, told = live(plans.by_name, lambda *_: None, media=broken)
    assert told.outcome == "failed"
    assert asterisk.requests.count(GIVEN_BACK) == 1


def test_a_plan_that_is_gone_gives_the_caller_back_at_once() -> None:
    asterisk, told = live({}, lambda *_: None)
    assert told.outcome == "failed"
    assert asterisk.requests.count(GIVEN_BACK) == 1


def test_an_engine_that_closes_gives_the_caller_back(plans: Plans) -> None:
    closing: list[asyncio.Task[None]] = []

    def script(_: FakeAsterisk, switchboard: Switchboard) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(2.0, lambda: closing.append(asyncio.create_task(switchboard.close())))

    asterisk, told = live(plans.by_name, script)
    assert told.outcome == "failed"
    assert asterisk.requests.count(GIVEN_BACK) == 1
