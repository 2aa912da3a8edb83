"""The whole way on real parts: SIP in, spoken Russian, topic, queue, an operator's telephone, the journal."""

from __future__ import annotations

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, Say, keys
from ivr.journal.record import undeclared
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]

LINE = "88005553535"


async def test_a_caller_says_what_is_wrong_and_talks_to_an_operator(agent: Agent, hotline: RunningHotline) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    talk = OperatorScript(talk=(Say("здравствуйте, чем помочь"),), talk_seconds=3.0)
    async with agent.operator("anna", password, talk):
        report = await agent.call(LINE, CallScript(((Say("не могу войти в личный кабинет"),),)))
    assert (report.outcome, report.topic) == ("talked", "access")
    records = await hotline.records(report.call)
    kinds = [record.kind for record in await hotline.steps(report.call) if record.kind != "said"]
    assert kinds == [
        *("arrived", "answered", "consent_asked", "consent", "menu", "heard", "topic"),
        *("queued", "offered", "connected", "talk_ended", "ended"),
    ]
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))
    assert not [name for record in records for name in undeclared(record)]
    assert report.answer_seconds is not None
    assert report.queue_wait_seconds is not None
    assert report.queue_wait_seconds < 30


async def test_a_key_is_as_good_as_a_word(agent: Agent, hotline: RunningHotline) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk_seconds=1.0)):
        report = await agent.call(LINE, CallScript((keys("1"),)))
    assert (report.outcome, report.topic) == ("talked", "access")
