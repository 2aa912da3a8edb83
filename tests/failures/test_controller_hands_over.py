"""An upgrade in the middle of the day: the controller hands its calls over, and later takes no new ones.

Whoever talks, waits or is in a menu notices as much as when it is killed: nothing, or the question again.
"""

from __future__ import annotations

import asyncio
import os
import sys

import aiohttp
import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from tests.failures.conftest import measured
from tests.failures.test_controller_killed_in_a_busy_hour import in_step, talks, waiting
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LINE = "88005553535"


async def ivr(hotline: RunningHotline, *words: str) -> tuple[int, str]:
    """A command of this machine's user: exit code, and what it said on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "IVR_HOME": str(hotline.hotline.home.root)},
    )
    async with asyncio.timeout(100):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def readiness(hotline: RunningHotline) -> tuple[int, str]:
    address = f"{hotline.hotline.web_address}/readyz"
    async with aiohttp.ClientSession() as http, http.get(address, ssl=hotline.hotline.web_trust) as answer:
        return answer.status, await answer.text()


async def test_nobody_is_cut_off_by_an_upgrade(agent: Agent, hotline: RunningHotline) -> None:
    password = hotline.hotline.secrets.password("operator/op01")
    calls: list[asyncio.Task[object]] = []

    def call(script: CallScript) -> None:
        number = f"+7999{len(calls):07}"
        calls.append(asyncio.create_task(agent.call(LINE, script, caller=number)))

    try:
        async with agent.operator("op01", password, OperatorScript()):
            call(CallScript((keys("1"),)))
            await hotline.until(lambda status: bool(in_step(status, "connected")))
            call(CallScript((keys("1"),)))
            await hotline.until(lambda status: len(status["waiting"]) == 1)
            call(CallScript(((), keys("1")), rephrase=True))
            await hotline.until(lambda status: bool(in_step(status, "menu")))
            before, talking = await hotline.status(), await talks(hotline)
            served = hotline.process_id("controller")

            assert (await readiness(hotline))[0] == 200
            code, said = await ivr(hotline, "ops", "drain")
            assert (code, "take-calls" in said) == (0, True), said

            code, said = await ivr(hotline, "hand-over")
            assert code == 0, said
            measured("controller hands over", float(said.split()[-2]))
            assert hotline.process_id("controller") != served
            assert talking, "somebody talked"
            assert await talks(hotline) == talking, "the talk was cut"
            await hotline.until(lambda status: len(status["waiting"]) == 2)
            assert waiting(await hotline.status())[:1] == waiting(before), "the place was lost"
            (in_menu,) = in_step(before, "menu")
            assert "adopted" in [record.kind for record in await hotline.steps(in_menu)]

            status, said = await readiness(hotline)
            assert (status, said.splitlines()[-1]) == (503, "draining: 3 calls left")
            turned_away = await agent.call(LINE, CallScript(limit_seconds=40.0), caller="+79990000009")
            assert turned_away.outcome == "failed"
            assert await talks(hotline) == talking
            assert len((await hotline.status())["waiting"]) == 2
            code, said = await ivr(hotline, "ops", "drain", "--within", "1")
            assert (code, "there are still calls: 3" in said) == (1, True), said

            calls[0].cancel()  # the talk is over: whoever waits is served all the same
            await hotline.until(lambda status: bool(in_step(status, "connected")) and len(status["waiting"]) == 1)
            for task in calls:
                task.cancel()
            code, said = await ivr(hotline, "ops", "drain", "--within", "60")
            assert (code, said.splitlines()[-1]) == (0, "nobody is on the line")
            code, said = await ivr(hotline, "ops", "take-calls")
            assert (code, (await readiness(hotline))[0]) == (0, 200), said
    finally:
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    assert await hotline.quiet() == []
