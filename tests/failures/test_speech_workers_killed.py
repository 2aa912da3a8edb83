"""All speech workers are killed: whoever is in a menu goes on with keys, and the next caller is heard again."""

from __future__ import annotations

import asyncio
import time

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, Say, keys
from tests.failures.conftest import kill, measured
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LINE = "88005553535"


async def test_keys_serve_meanwhile_and_words_afterwards(agent: Agent, hotline: RunningHotline) -> None:
    password = hotline.hotline.secrets.password("operator/op01")
    async with agent.operator("op01", password, OperatorScript(talk_seconds=0.5)):
        asked_again = CallScript(((), keys("1")), rephrase=True)
        in_menu = asyncio.create_task(agent.call(LINE, asked_again))
        await hotline.until(lambda status: any(call["step"] == "menu" for call in status["calls"]))
        killed_at = time.monotonic()
        for number in range(len(hotline.hotline.speech_addresses)):
            kill(hotline.process_id(f"speech-{number + 1}"))
        await hotline.until(lambda status: not status["speech"]["ok"])
        await hotline.until(lambda status: status["speech"]["ok"])
        measured("speech workers killed", time.monotonic() - killed_at)
        report = await in_menu
        assert report.outcome == "talked"
        kinds = [record.kind for record in await hotline.steps(report.call)]
        assert kinds[kinds.index("menu") + 1] == "speech_lost", "at once, not when the question is asked again"
        assert "key" in kinds

        said = CallScript(((Say("не могу войти в личный кабинет"),),))
        report = await agent.call(LINE, said, caller="+79990000002")
        assert (report.outcome, report.topic) == ("talked", "access")
