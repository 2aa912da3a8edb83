"""Asterisk is killed: its calls are over and their journals say so; operators need do nothing to get the next one."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.errors import IvrError
from ivr.line.ari import AriClient
from tests.failures.conftest import kill, measured, sign_in
from tests.failures.test_controller_hands_over import ivr
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LINE = "88005553535"
LONGEST_OUTAGE_SECONDS = 5.0
OPERATORS = ("op01", "op02")


async def registrations_written(hotline: RunningHotline, *operators: str) -> None:
    """Asterisk writes down where telephones are within a second or two."""
    path = hotline.hotline.home.var / "asterisk" / "db" / "astdb.sqlite3"
    async with asyncio.timeout(20):
        while True:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
                known = str(database.execute("select key from astdb").fetchall())
            if all(f"/{operator};" in known for operator in operators):
                return
            await asyncio.sleep(0.1)


async def reachable(hotline: RunningHotline) -> None:
    """Wait until Asterisk is there and knows where the operators' telephones are."""
    password = hotline.hotline.secrets.password("ari")
    async with AriClient(hotline.hotline.asterisk_address, "ivr", password, "ivr") as ari, asyncio.timeout(30):
        for operator in OPERATORS:
            while True:
                try:
                    if (await ari.request("GET", f"endpoints/PJSIP/{operator}"))["state"] == "online":
                        break
                except IvrError:
                    pass  # not there yet
                await asyncio.sleep(0.05)


def calls_in(status: dict[str, Any], step: str) -> list[str]:
    return [call["call"] for call in status["calls"] if call["step"] == step]


async def test_operators_get_the_next_call_and_journals_are_closed(agent: Agent, hotline: RunningHotline) -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def call(script: CallScript, step: str) -> str:
        tasks.append(asyncio.create_task(agent.call(LINE, script, caller=f"+7999000000{len(tasks)}")))
        await hotline.until(lambda status: bool(calls_in(status, step)))
        return calls_in(await hotline.status(), step)[-1]

    async with AsyncExitStack() as stack:
        await sign_in(stack, agent, hotline, OPERATORS[:1])
        talking = await call(CallScript((keys("1"),)), "connected")
        in_menu = await call(CallScript(), "menu")
        password = hotline.hotline.secrets.password
        deaf = OperatorScript(answer_after_seconds=None)
        await stack.enter_async_context(agent.operator("op02", password("operator/op02"), deaf))
        await registrations_written(hotline, *OPERATORS)
        offered = await call(CallScript((keys("1"),)), "offered")  # rings for eight seconds, and the kill is at once

        killed_at = time.monotonic()
        kill(hotline.process_id("asterisk"))
        await reachable(hotline)
        await hotline.back()
        seconds = time.monotonic() - killed_at
        measured("asterisk killed", seconds)
        assert seconds <= LONGEST_OUTAGE_SECONDS

        await hotline.until(lambda status: not status["calls"])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for name in (talking, offered, in_menu):
            assert (await hotline.steps(name))[-1].data["reason"] == "line_lost"
        ends = {record.kind: record for record in await hotline.steps(talking)}
        assert ends["talk_ended"].data["ended_by"] == "failed"
        await hotline.until(
            lambda status: {row["state"] for row in status["operators"] if row["name"] in OPERATORS} == {"ready"}
        )

        report = await agent.call(LINE, CallScript((keys("1"),), talk_seconds=0.5), caller="+79990000009")
        assert report.outcome == "talked"
    assert await hotline.quiet() == []


async def test_an_asterisk_that_has_ended_is_not_waited_for(agent: Agent, hotline: RunningHotline) -> None:
    """systemd stops `ivr-drain` before it starts a killed Asterisk again: until then nobody can call."""
    call = asyncio.create_task(agent.call(LINE, CallScript(), caller="+79990000008"))
    await hotline.until(lambda status: bool(calls_in(status, "menu")))
    os.kill(hotline.process.pid, signal.SIGSTOP)  # it would start it anew
    try:
        kill(hotline.process_id("asterisk"))
        began = time.monotonic()
        code, said = await ivr(hotline, "ops", "drain", "--within", "60")
        assert (code, said.splitlines()[-1]) == (0, "nobody is on the line")
        assert time.monotonic() - began < LONGEST_OUTAGE_SECONDS
    finally:
        os.kill(hotline.process.pid, signal.SIGCONT)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    await hotline.back()
    code, said = await ivr(hotline, "ops", "take-calls")
    assert code == 0, said
    await hotline.until(lambda status: not status["calls"])
    assert await hotline.quiet() == []
