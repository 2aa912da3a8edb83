"""The controller is killed with people talking, queued and in menus: nobody is cut off, nobody loses the place."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, keys
from ivr.line.ari import AriClient
from tests.failures.conftest import TEAM, kill, measured, sign_in, spare_ready
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LINE = "88005553535"
TALKING, QUEUED, IN_MENUS = 25, 50, 25
LONGEST_OUTAGE_SECONDS = 3.0
ARRIVALS_A_SECOND = 8.0


async def talks(hotline: RunningHotline) -> dict[str, frozenset[str]]:
    """Bridges in which two people hear each other, and their channels."""
    password = hotline.hotline.secrets.password("ari")
    async with AriClient(hotline.hotline.asterisk_address, "ivr", password, "ivr") as ari:
        bridges = await ari.request("GET", "bridges")
    return {
        bridge["id"]: frozenset(bridge["channels"])
        for bridge in bridges
        if bridge["id"].endswith("-talk") and len(bridge["channels"]) == 2
    }


def waiting(status: dict[str, Any]) -> list[str]:
    return [call["call"] for call in sorted(status["waiting"], key=lambda call: call["position"])]


def in_step(status: dict[str, Any], *steps: str) -> set[str]:
    return {call["call"] for call in status["calls"] if call["step"] in steps}


def in_menu(status: dict[str, Any]) -> set[str]:
    """More callers than can be listened to: some of them are asked for a key only."""
    return in_step(status, "menu", "speech_lost")


async def test_nobody_notices_but_those_who_are_asked_again(agent: Agent, hotline: RunningHotline) -> None:
    calls: list[asyncio.Task[Any]] = []
    settled = partial(hotline.until, comparing=False)

    async def call(count: int, script: CallScript) -> None:
        for _ in range(count):
            number = f"+7995{len(calls):07}"  # nobody else's: who was cut off in a test before has the place back
            calls.append(asyncio.create_task(agent.call(LINE, script, caller=number)))
            await asyncio.sleep(1 / ARRIVALS_A_SECOND)

    async with AsyncExitStack() as stack:
        await sign_in(stack, agent, hotline, TEAM[:TALKING])
        await spare_ready(hotline)
        try:
            await call(TALKING, CallScript((keys("1"),)))
            await settled(lambda status: len(in_step(status, "connected")) == TALKING)
            await call(QUEUED, CallScript((keys("1"),)))
            await settled(lambda status: len(status["waiting"]) == QUEUED)
            # They do nothing the first time, and press a key when asked again.
            await call(IN_MENUS, CallScript(((), keys("1")), rephrase=True))
            await settled(lambda status: len(in_menu(status)) >= IN_MENUS - 2)
            before, talking = await hotline.status(), await talks(hotline)
            in_menus = in_menu(before)

            killed_at = time.monotonic()
            kill(hotline.process_id("controller"))
            await hotline.back()
            outage_seconds = time.monotonic() - killed_at
            measured("controller killed", outage_seconds)
            assert outage_seconds <= LONGEST_OUTAGE_SECONDS

            assert await talks(hotline) == talking, "a talk was cut"
            await settled(lambda status: len(status["waiting"]) == QUEUED + IN_MENUS)
            assert waiting(await hotline.status())[:QUEUED] == waiting(before), "somebody lost the place"
            for name in in_menus:
                kinds = [record.kind for record in await hotline.steps(name) if record.kind != "speech_lost"]
                resumed = kinds.index("adopted")
                assert kinds[resumed + 1 : resumed + 4] == ["menu", "key", "topic"], kinds
                assert "handed_over" not in kinds

            calls[0].cancel()  # somebody hangs up: the operator has the next caller
            await settled(lambda status: len(in_step(status, "connected")) == 1)
        finally:
            for task in calls:
                task.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
    assert await hotline.quiet() == []
    assert await hotline.faults_of_the_journal() == []
