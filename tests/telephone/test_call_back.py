"""What goes out over the provider's line, by real SIP: transfers, call backs with a mark at the end; notices."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.agent.sounds import Voice
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.provision.setup import Provisions
from ivr.routing.why import why
from tests.ports import free_port
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline
from tests.telephone.test_run import ivr

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

CALLER, DUTY_OFFICER, DUTY_LINE = "+79990004455", "+79991112233", "88007006060"
MOMENT = r"(?:\d+ мин ?)?(?:[\d,]+ с)?"
OUTSIDE = f"outside: {{duty_officer: '{DUTY_OFFICER}'}}\n"
DUTY_PLAN = f"""
plan: duty
lines: ["{DUTY_LINE}"]
languages: [ru]
start: first
sections:
  first:
    - say: connecting
    - transfer: duty_officer
      ring_seconds: 5
      failed: nobody
      then: bye
  nobody:
    - hang_up: [operators_busy, goodbye]
  bye:
    - hang_up: goodbye
"""


async def back(running: RunningHotline) -> bool:
    try:
        await running.back()
    except TimeoutError:
        return False
    return True


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Agent, RunningHotline]]:
    """A hotline whose provider is the test agent, which offers to call back soon and knows a duty officer's number."""
    provider = free_port(socket.SOCK_DGRAM)

    def change(root: Path) -> None:
        settings = root / "config" / "ivr.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.unlink()
        text = text.replace("hours: 09:00-21:00", "hours: 00:00-24:00")
        settings.write_text(f"{text}\ntrunk: {{outgoing: '127.0.0.1:{provider}'}}\n{OUTSIDE}", encoding="utf-8")
        (root / "dialplans" / "duty.yaml").write_text(DUTY_PLAN, encoding="utf-8")
        plan = root / "dialplans" / "operators.yaml"
        text = plan.read_text(encoding="utf-8")
        assert "after_seconds: 60" in text
        plan.write_text(text.replace("after_seconds: 60", "after_seconds: 1"), encoding="utf-8")
        for line in ("federal", "account"):
            (root / "dialplans" / f"{line}.tests.yaml").unlink()  # they know when the offer comes

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


async def why_of(running: RunningHotline, call: str) -> Sequence[str]:
    """What `ivr why` tells."""
    return why((one.wall_seconds, one.kind, one.data) for one in await running.records(call))


def said(story: Sequence[Record]) -> list[str]:
    """The prompts that the caller heard, in order."""
    return [prompt for record in story if record.kind == "said" for prompt in str(record.data["prompts"]).split(",")]


@pytest.mark.parametrize("answers", [True, False])
async def test_a_transfer_reaches_the_outside_telephone_or_its_way_out(
    answers: bool, world: tuple[Agent, RunningHotline]
) -> None:
    agent, running = world
    script = OperatorScript(talk_seconds=2.0) if answers else OperatorScript(answer_after_seconds=None)
    async with agent.telephone(DUTY_OFFICER, script) as officer:
        report = await agent.call(DUTY_LINE, CallScript(limit_seconds=60.0), caller=CALLER)
        assert officer.talks.empty() is not answers
    assert report.hung_up_by == "hotline"
    assert await running.quiet() == []
    story = await running.steps(report.call)
    landmarks = (
        ["transfer_rung", "transfer_connected", "transfer_ended"] if answers else ["transfer_rung", "transfer_ended"]
    )
    assert [record.kind for record in story if record.kind.startswith("transfer_")] == landmarks
    ended = next(record for record in story if record.kind == "transfer_ended")
    assert ended.data["reason"] == ("ended" if answers else "no_answer")
    assert said(story) == ["connecting", *([] if answers else ["operators_busy"]), "goodbye"]


async def test_a_notice_is_heard_from_the_next_call_on_until_it_is_taken_back(
    world: tuple[Agent, RunningHotline],
) -> None:
    agent, running = world
    heard = []
    for switch in (("on", "notice_sms_delayed"), ("off", "all")):
        code, complaint = await ivr(running.hotline.home.root, "notice", *switch)
        assert (code, complaint) == (0, "")
        report = await agent.call("88001001010", CallScript((keys("1"),), limit_seconds=60.0), caller=CALLER)
        story = await running.steps(report.call)
        before_the_menu = story[: [record.path.startswith("account/menu/") for record in story].index(True)]
        heard.append("notice_sms_delayed" in said(before_the_menu))
    assert heard == [True, False]
    assert await running.quiet() == []


async def test_a_promise_outlives_the_controller_and_is_kept(world: tuple[Agent, RunningHotline]) -> None:
    agent, running = world
    password = running.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password) as anna:
        await anna.pause(agent._leg("anna"))
        waiting = CallScript((keys("1wwwwww1"),), limit_seconds=60.0)
        first = await agent.call("88001001010", waiting, caller=CALLER)
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
        # Who was rung back gives a mark when the operator has gone, and waits for the goodbye.
        agent.telephone(CALLER, OperatorScript(talk=keys("wwwwwwwww4"))) as telephone,
        agent.operator("anna", password, OperatorScript(talk_seconds=4.0)),
    ):
        async with asyncio.timeout(60):
            talk = await telephone.talks.get()
    assert (talk.seconds > 5.0, talk.ended_by) == (True, "caller")  # for it, whoever is not itself
    await running.quiet()
    story = await running.steps(name)
    landmarks = ("promised", "offered", "caller_rung", "connected", "talk_ended", "rated", "ended")
    assert [record.kind for record in story if record.kind in landmarks] == [*landmarks]
    facts = {record.kind: record.data for record in story}
    assert facts["promised"]["of"] == first.call
    assert facts["rated"]["score"] == 4
    assert facts["ended"]["outcome"] == "talked"
    assert await running.quiet() == []

    told = await why_of(running, first.call)
    assert told[-1].endswith(f": звонящий просит перезвонить; его место занял звонок {name}."), "it waits no more"
    promised, offered, rung, connected = await why_of(running, name)
    assert promised == f"Очередь people: ждёт обратного звонка вместо звонка {first.call}."
    assert float(str(facts["offered"]["waited_seconds"])) > 6.0, "the wait of the call before is in it"
    assert re.fullmatch(rf"{MOMENT}: звонит у anna\. Почему: .*anna: уровень 1.*\.", offered)
    assert re.fullmatch(rf"{MOMENT}: anna на линии, набираем звонящего \(попытка 1\)\.", rung)
    assert re.fullmatch(
        rf"{MOMENT}: говорит anna\. Ожидание {MOMENT}: {MOMENT} до оператора, которого можно спросить,"
        rf" {MOMENT} до ответа anna, {MOMENT} до ответа звонящего\.",
        connected,
    )
