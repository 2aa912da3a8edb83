"""Asterisk's events come twice, and again when they are long out of date: the call goes as it would have gone.

Keys are left out: the same key twice is what a caller may well press.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ivr.call.events import CallerHungUp, Event, PromptFinished
from ivr.dialplan.source import load_plans
from ivr.line.asterisk import Line
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.speech.topics import load_topics
from ivr.virtual_time import run_virtually
from tests.unit.call.test_plan_calls import TOPICS
from tests.unit.call.test_plan_calls import live as live_plan
from tests.unit.call.world import CALL, World, live, nothing_left

_TWO_SAID = """
plan: two_said
languages: [ru]
start: say
sections:
  say:
    - say: greeting_federal
    - say: menu_no_input
      whole: true
    - hang_up: goodbye
"""
_LATE_SECONDS = (0.0, 0.3, 4.0)


class Repeating(FakeAsterisk):
    """Says everything again, at once and later."""

    def _send(self, kind: str, **content: Any) -> None:
        super()._send(kind, **content)
        if kind == "ChannelDtmfReceived":
            return
        again = self.sent[-1]
        loop = asyncio.get_running_loop()
        for seconds in _LATE_SECONDS:
            loop.call_later(seconds, self._again, again)

    def _again(self, frame: Any) -> None:
        for socket in self._sockets:
            socket.put_nowait(frame)


def good_call(world: World) -> None:
    world.at(3.0, lambda: world.hear("не могу войти"))
    world.at(20.0, lambda: world.asterisk.hang_up_caller(f"{CALL}-leg1"))


def caller_leaves_while_it_rings(world: World) -> None:
    world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
    world.at(3.0, lambda: world.asterisk.hang_up_caller("caller-1"))


@pytest.mark.parametrize("script", [good_call, caller_leaves_while_it_rings])
def test_the_call_goes_as_without_them(script: Any) -> None:
    telephones = {"anna": Telephone(3.0)}
    plain, outcome = live(script, telephones)
    repeated, outcome_again = live(script, telephones, asterisk=Repeating(telephones))
    assert outcome_again == outcome
    assert repeated.journal.kinds == plain.journal.kinds
    assert repeated.queue.said == plain.queue.said
    assert nothing_left(repeated)


def test_who_watches_a_channel_is_told_everything_once() -> None:
    told = list[Event]()
    telephones = {"anna": Telephone(1.0)}
    asterisk = Repeating(telephones)

    async def watch() -> None:
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        asterisk.call_in("caller-1", "88005553535", "+79990000000")
        line.watch("caller-1", told.append)
        await line.play("caller-1", "greeting", ["sound:hello"])
        leg = await line.ring("anna", CALL, "")
        await leg.answered
        await asyncio.sleep(10.0)
        await line.hang_up(leg.channel)
        await leg.gone
        asterisk.hang_up_caller("caller-1")
        await asyncio.sleep(10.0)
        assert not reading.done(), "the same again has ended the reading"
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    run_virtually(watch())
    assert told == [PromptFinished("greeting"), CallerHungUp(16)]


def test_the_end_of_a_prompt_that_was_cut_does_not_end_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "two_said.yaml").write_text(_TWO_SAID, encoding="utf-8")
    plans = load_plans(tmp_path, load_topics(TOPICS)).by_name

    def cut_the_first(asterisk: FakeAsterisk, _: object) -> None:
        asyncio.get_running_loop().call_later(1.0, asterisk.press, "c1", "1")

    asterisk, told = live_plan(plans, cut_the_first, plan="two_said")
    cut = [path for method, path in asterisk.requests if method == "DELETE" and path.startswith("playbacks/")]
    assert len(cut) == 1
    assert told.outcome == "ended"
