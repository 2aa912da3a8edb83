"""A caller hangs up, the controller dies and comes back, and the caller is rung: all by real SIP."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.agent.sounds import Voice
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.provision.setup import Provisions
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

CALLER = "+79990004455"


async def back(running: RunningHotline) -> bool:
    try:
        await running.back()
    except TimeoutError:
        return False
    return True


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Agent, RunningHotline]]:
    """A hotline whose provider is the test agent, and which offers to call back soon."""
    provider = free_port()

    def change(root: Path) -> None:
        settings = root / "config" / "ivr.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.unlink()
        text = text.replace("hours: 09:00-21:00", "hours: 00:00-24:00")
        settings.write_text(f"{text}\ntrunk: {{outgoing: '127.0.0.1:{provider}'}}\n", encoding="utf-8")
        plan = root / "dialplans" / "operators.yaml"
        text = plan.read_text(encoding="utf-8")
        assert "after_seconds: 60" in text
        plan.write_text(text.replace("after_seconds: 60", "after_seconds: 1"), encoding="utf-8")
        (root / "dialplans" / "federal.tests.yaml").unlink()  # they know when the offer comes

    folder = tmp_path_factory.mktemp("agent")
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", folder / "asterisk", folder / "speech")
    async with AsyncExitStack() as stack:
        root = tmp_path_factory.mktemp("hotline")
        running = await stack.enter_async_context(running_hotline(root, own=("dialplans",), change=change))
        store = await stack.enter_async_context(running.hotline.store())
        reader = JournalReader(store, Keyring.load(running.hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())
        sip = running.hotline.ports.sip
        agent = await stack.enter_async_context(
            running_agent(place, sip, voice=voice, journal=journal, sip_port=provider)
        )
        yield agent, running


async def test_a_promise_outlives_the_controller_and_is_kept(world: tuple[Agent, RunningHotline]) -> None:
    agent, running = world
    password = running.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password) as anna:
        await anna.pause(agent._leg("anna"))
        waiting = CallScript((keys("1wwwwww1"),), limit_seconds=60.0)
        first = await agent.call("88005553535", waiting, caller=CALLER)
    assert first.outcome == "callback"
    accepted = next(record for record in await running.steps(first.call) if record.kind == "callback_accepted")
    name = str(accepted.data["call_back"])

    os.kill(running.process_id("controller"), signal.SIGKILL)
    async with asyncio.timeout(60):  # it reads its model of words and tests its plans first
        while not await back(running):
            pass
    async with running.hotline.store() as store:
        dump = [value async for key in store.scan_iter("*") for value in [key, await store.dump(key)]]
    assert not [part for part in dump if CALLER[1:].encode() in part]

    async with (
        agent.telephone(CALLER, OperatorScript(talk_seconds=2.0)) as telephone,
        agent.operator("anna", password, OperatorScript(talk_seconds=30.0)),
    ):
        async with asyncio.timeout(30):
            talk = await telephone.talks.get()
    assert talk.seconds > 1.0
    await running.quiet()
    story = await running.records(name)
    kinds = [record.kind for record in story if not record.kind.startswith("request_")]
    assert kinds == ["promised", "offered", "caller_rung", "connected", "talk_ended", "ended"]
    assert story[0].data["of"] == first.call
    assert story[-1].data["outcome"] == "talked"
    assert await running.quiet() == []
