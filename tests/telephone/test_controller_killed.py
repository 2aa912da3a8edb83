"""The controller is killed with callers in every place: no talk is cut, nobody is left in silence."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from tests.telephone.conftest import RunningHotline

if TYPE_CHECKING:
    from ivr.agent.steps import CallReport

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

LINE = "88005553535"


async def test_a_talk_goes_on_and_the_menu_ends_at_a_person(agent: Agent, hotline: RunningHotline) -> None:
    secrets = hotline.hotline.secrets
    async with agent.operator("anna", secrets.password("operator/anna"), OperatorScript()) as anna:
        talking: asyncio.Task[CallReport] = asyncio.create_task(
            agent.call(LINE, CallScript((keys("1"),), talk_seconds=25.0))
        )
        await hotline.until(lambda status: any(call["step"] == "connected" for call in status["calls"]))
        free = OperatorScript(talk_seconds=1.0)
        async with agent.operator("boris", secrets.password("operator/boris"), free) as boris:
            in_menu = asyncio.create_task(agent.call(LINE, CallScript(limit_seconds=60.0), caller="+79990000002"))
            await hotline.until(lambda status: any(call["step"] == "menu" for call in status["calls"]))
            os.kill(hotline.process_id("controller"), signal.SIGKILL)
            await hotline.back()
            try:
                async with asyncio.timeout(40):
                    rescued = await boris.talks.get()
                    report = await in_menu
            except TimeoutError:
                pytest.fail(f"nobody came to the caller's rescue: {boris.steps}")
        assert rescued.seconds > 0.5, "the caller of the menu talked to a person"
        talk = await talking
        held = await anna.talks.get()
    assert held.seconds > 24.0, "the talk was not cut"
    for call, outcome in ((talk.call, "talked"), (report.call, "failed")):
        records = await hotline.records(call)
        steps = await hotline.steps(call)
        assert steps[-1].kind == "ended"
        assert steps[-1].data["outcome"] == outcome
        assert [record.sequence for record in records] == list(range(1, len(records) + 1))
