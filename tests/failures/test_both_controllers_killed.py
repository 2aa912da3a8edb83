"""Both controllers are killed: for some seconds there is none. Callers still reach a person, and talks go on."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.call.kept import KeptCalls
from ivr.journal.privacy import Keyring
from tests.failures.conftest import measured
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

LINE = "88005553535"


async def asked_in_english(hotline: RunningHotline) -> None:
    """Wait until it is kept for the next controller that somebody wants to hear English."""
    wiring = hotline.hotline.wiring
    async with hotline.hotline.store() as store, asyncio.timeout(30):
        kept = KeptCalls(store, Keyring.load(wiring.keys), wiring.machine, partial(asyncio.sleep, 0))
        while not any(  # noqa: ASYNC110 -- it is written without a word
            call.state.language == "en" for call in (await kept.load()).values()
        ):
            await asyncio.sleep(0.1)


async def test_asterisk_finds_a_person_and_the_menu_goes_on_afterwards(agent: Agent, hotline: RunningHotline) -> None:
    secrets = hotline.hotline.secrets
    async with agent.operator("op01", secrets.password("operator/op01")):
        talking = asyncio.create_task(agent.call(LINE, CallScript((keys("1"),))))
        await hotline.until(lambda status: any(call["step"] == "connected" for call in status["calls"]))
        free = OperatorScript(talk_seconds=1.0)
        async with agent.operator("op02", secrets.password("operator/op02"), free) as second:
            asked_again = CallScript((keys("9"), (), keys("1")), rephrase=True)
            in_menu = asyncio.create_task(agent.call(LINE, asked_again, caller="+79990000002"))
            await asked_in_english(hotline)
            killed_at = time.monotonic()
            await hotline.kill_controllers()
            await agent.call(LINE, CallScript(limit_seconds=40.0), caller="+79990000003")
            async with asyncio.timeout(40):
                rescued = await second.talks.get()
            assert rescued.seconds > 0.5, "who called meanwhile talked to a person"
            await hotline.back()
            measured("both controllers killed", time.monotonic() - killed_at)
            async with asyncio.timeout(60):
                assert (await second.talks.get()).seconds > 0.5, "who was in the menu talked to a person"
                report = await in_menu
        assert not talking.done(), "the talk was not cut"
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    assert report.outcome == "talked"
    steps = await hotline.steps(report.call)
    resumed = [record.kind for record in steps].index("adopted")
    assert [record.kind for record in steps[resumed + 1 : resumed + 3]] == ["menu", "key"]
    assert steps[resumed + 1].data["language"] == "en", "the menu that the caller was in, not the first one"
    assert await hotline.quiet() == []
