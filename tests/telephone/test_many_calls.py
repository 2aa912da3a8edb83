"""Twenty callers at once, five operators: everybody ends defined, nothing is left behind."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, Say, keys
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LINE = "88005553535"
CALLERS = 20
OPERATORS = ("anna", "boris", "dina", "farid", "galina")


def script(number: int) -> CallScript:
    """A third press a key, a third speak, a third give up after a while."""
    match number % 3:
        case 0:
            return CallScript((keys("1"),))
        case 1:
            return CallScript(((Say("не могу войти в личный кабинет"),),))
        case _:
            return CallScript((keys("2"),), hang_up_after_seconds=4.0 + number)


async def test_twenty_callers_and_five_operators(agent: Agent, hotline: RunningHotline) -> None:
    names = [account.name for account in hotline.hotline.accounts][: len(OPERATORS)]
    async with AsyncExitStack() as stack:
        for name in names:
            password = hotline.hotline.secrets.password(f"operator/{name}")
            await stack.enter_async_context(agent.operator(name, password, OperatorScript(talk_seconds=2.0)))
        reports = await asyncio.gather(
            *(agent.call(LINE, script(number), caller=f"+7999{number:07}") for number in range(CALLERS))
        )
        assert {report.outcome for report in reports} <= {"talked", "left"}, Counter(
            report.outcome for report in reports
        )
        assert sum(report.outcome == "talked" for report in reports) >= CALLERS * 2 // 3
        for report in reports:
            records = await hotline.records(report.call)
            steps = await hotline.steps(report.call)
            assert steps[-1].kind == "ended"
            assert sum(record.kind == "connected" for record in records) <= 1
        assert await hotline.quiet() == []
