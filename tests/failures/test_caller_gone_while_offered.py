"""The caller hangs up while an operator's telephone rings: it falls silent, and the operator is not to blame."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LINE = "88005553535"


def doing(status: dict[str, Any]) -> str:
    (operator,) = [row for row in status["operators"] if row["name"] == "op01"]
    return str(operator["state"])


async def test_the_operator_is_free_for_the_next_caller(agent: Agent, hotline: RunningHotline) -> None:
    password = hotline.hotline.secrets.password("operator/op01")
    async with agent.operator("op01", password, OperatorScript(answer_after_seconds=None)):
        names = []
        for number in range(2):  # two misses would be a pause
            calling = asyncio.create_task(agent.call(LINE, CallScript((keys("1"),)), caller=f"+7999000000{number}"))
            await hotline.until(lambda status: doing(status) == "offered")
            names += [call["call"] for call in (await hotline.status())["calls"]]
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            assert await hotline.quiet() == [], "the telephone rings no more"
            assert doing(await hotline.status()) == "ready"
    for name in names:
        records = await hotline.steps(name)
        assert records[-1].data["outcome"] == "left"
        assert not any(record.kind == "connected" for record in records)
