"""Twice as many callers as can be served: the others are told so at once, and those on the line notice nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ivr.call.parts import Around, Parts
from ivr.call.switchboard import Switchboard
from ivr.dialplan.source import load_plans
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall
from ivr.line.fake import FakeAsterisk
from ivr.speech.topics import load_topics
from ivr.virtual_time import LoopClock, run_virtually
from tests.unit.call.test_plan_calls import PLAN, TOPICS, NoSpeech, Unused
from tests.unit.call.test_switchboard import Journal

MOST = 20


def test_the_rest_is_refused_politely_and_there_is_room_again_afterwards(tmp_path: Path) -> None:
    (tmp_path / "ask_number.yaml").write_text(PLAN, encoding="utf-8")
    plans = load_plans(tmp_path, load_topics(TOPICS)).by_name
    asterisk, journal = FakeAsterisk(seconds_of=lambda _: 600.0), Journal()

    async def rush() -> None:
        def arrive(incoming: IncomingCall) -> None:
            switchboard.arrive(incoming)

        line = Line(asterisk, "ivr", arrive, lambda _: None, lambda _: None)
        nothing: Any = Unused()
        parts = Parts(
            line,
            NoSpeech(),
            nothing,
            journal,
            LoopClock(),
            lambda _, prompt: prompt,
            str,
            lambda *_: nothing,
            Around,
            nothing,
        )
        switchboard = Switchboard(lambda _: plans["ask_number"], plans.get, parts, most_calls=MOST)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        for number in range(2 * MOST):
            asterisk.call_in(f"c{number}", "12345", "+79990000000")
        await asyncio.sleep(0.5)
        assert len(list(switchboard.sessions)) == MOST
        asterisk.hang_up_caller("c0")
        await asyncio.sleep(0.5)
        asterisk.call_in("late", "12345", "+79990000000")
        await asyncio.sleep(0.5)
        assert len(list(switchboard.sessions)) == MOST
        await switchboard.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    run_virtually(rush())
    refused = {path.split("/")[1].split("/")[0] for method, path in asterisk.requests if "context=busy" in path}
    assert refused == {f"c{number}" for number in range(MOST, 2 * MOST)}
    ends = [data for kind, data in journal.records if kind == "ended" and data.get("reason") == "full"]
    assert len(ends) == MOST
