"""An operator's telephone loses its power: in a talk the caller waits for another; after it nobody waits for it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from math import inf
from pathlib import Path

import pytest

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.errors import IvrError
from ivr.provision.setup import Provisions
from tests.failures.conftest import kill, measured
from tests.failures.test_asterisk_killed import registrations_written
from tests.telephone.conftest import CHECKOUT, RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LINE = "88005553535"
LONGEST_SIGNED_IN_SECONDS = 15.0


async def test_the_caller_reaches_another_operator(
    agent: Agent, hotline: RunningHotline, provisions: Provisions, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", tmp_path / "far", tmp_path / "speech")
    with suppress(IvrError):  # a telephone without power cannot sign off
        async with (
            running_agent(place, hotline.hotline.ports.sip) as far,
            far.operator("op01", password("operator/op01")),
        ):
            caller = asyncio.create_task(agent.call(LINE, CallScript((keys("1"),))))
            await hotline.until(lambda status: any(call["step"] == "connected" for call in status["calls"]))
            kill(int((tmp_path / "far" / "agent.pid").read_text().split()[0]))
            killed_at = time.monotonic()
            script = OperatorScript(talk_seconds=0.5)
            async with agent.operator("op02", password("operator/op02"), script) as second, asyncio.timeout(60):
                await second.talks.get()
                measured("operator's telephone gone", time.monotonic() - killed_at)
                report = await caller
    assert report.outcome == "talked"
    records = await hotline.steps(report.call)
    connected = [record.data["operator"] for record in records if record.kind == "connected"]
    assert connected == ["op01", "op02"]
    operators = {operator["name"]: operator["state"] for operator in (await hotline.status())["operators"]}
    assert operators["op01"] == "gone", "nobody is offered a telephone that is not there"


async def test_a_power_cut_that_takes_asterisk_too(
    hotline: RunningHotline, provisions: Provisions, tmp_path: Path
) -> None:
    """To the new Asterisk that telephone has never been there: it tells of no change, but of a telephone not found."""
    password = hotline.hotline.secrets.password
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", tmp_path / "far", tmp_path / "speech")
    seconds = inf
    with suppress(IvrError):  # a telephone without power cannot sign off
        async with (
            running_agent(place, hotline.hotline.ports.sip) as far,
            far.operator("op03", password("operator/op03")),
        ):
            await registrations_written(hotline, "op03")
            kill(int((tmp_path / "far" / "agent.pid").read_text().split()[0]))
            kill(hotline.process_id("asterisk"))
            killed_at = time.monotonic()
            await hotline.back()
            await hotline.until(
                lambda status: ("op03", "gone") in {(row["name"], row["state"]) for row in status["operators"]}
            )
            seconds = time.monotonic() - killed_at
            measured("operator's telephone gone with asterisk", seconds)
    assert seconds <= LONGEST_SIGNED_IN_SECONDS
