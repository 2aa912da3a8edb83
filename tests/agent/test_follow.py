"""Callers who follow the hotline's journal: they speak when they are asked, and hang up when they have talked."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from ivr.agent.agent import Place, running_agent
from ivr.agent.script import CallScript, Press, Turn, Wait, keys
from ivr.agent.steps import CallReport
from ivr.journal.record import Record
from ivr.provision.setup import Provisions
from tests.agent.conftest import TEMPLATES, OtherSide

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]


class Paper:
    """A journal that the test writes: records of a call found by its SIP Call-ID, and of another call in between."""

    def __init__(self) -> None:
        self._records: asyncio.Queue[Record] = asyncio.Queue()
        self._number = 0

    def write(self, kind: str, call: str = "ours", **data: str | int | float) -> None:
        self._number += 1
        self._records.put_nowait(Record(call, self._number, kind, "plan/step", 0.0, float(self._number), data))

    async def follow(self) -> AsyncIterator[Record]:
        while True:
            yield await self._records.get()


async def call(
    provisions: Provisions, other_side: OtherSide, folder: Path, paper: Paper, script: CallScript
) -> CallReport:
    place = Place(provisions.asterisk, TEMPLATES, folder / "agent", folder / "speech")
    async with running_agent(place, other_side.sip_port, journal=paper.follow()) as agent, asyncio.timeout(20):
        return await agent.call("88005553535", script)


def pressed(report: CallReport) -> list[object]:
    return [step.data["key"] for step in report.steps if step.step == "presses"]


async def test_one_turn_for_each_menu_and_the_same_again_when_asked_again(
    provisions: Provisions, other_side: OtherSide, tmp_path: Path
) -> None:
    paper = Paper()

    async def ask(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        paper.write("arrived", call="stranger", sip_call_id="another")
        paper.write("menu", call="stranger", attempt=1)
        await asyncio.sleep(0.3)
        assert not [frame for frame in other_side.frames if frame["type"] == "ChannelDtmfReceived"]
        paper.write("arrived", sip_call_id=arguments[2])
        for number, attempt in enumerate((1, 2, 1), start=1):
            paper.write("menu", attempt=attempt)
            await other_side.saw("ChannelDtmfReceived", channel, count=number)
        paper.write("ended", outcome="ended")
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = ask
    script = CallScript(turns=(keys("1"), keys("2")), pause_seconds=0.1)
    report = await call(provisions, other_side, tmp_path, paper, script)
    received = [frame["digit"] for frame in other_side.frames if frame["type"] == "ChannelDtmfReceived"]
    assert received == ["1", "1", "2"]
    assert (report.call, report.outcome) == ("ours", "ended")


@pytest.mark.parametrize(
    ("turns", "rephrase", "expected"),
    [
        ((keys("1"), keys("2")), True, ["1", "2"]),
        # the second menu began while the first turn was still going on, and its second key is the answer to it
        (((Press("1"), Wait(0.6), Press("2")), keys("3")), False, ["1", "2"]),
    ],
)
async def test_a_second_question_is_answered_once(
    turns: tuple[Turn, ...],
    rephrase: bool,
    expected: list[str],
    provisions: Provisions,
    other_side: OtherSide,
    tmp_path: Path,
) -> None:
    paper = Paper()

    async def ask(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        paper.write("arrived", sip_call_id=arguments[2])
        paper.write("menu", attempt=1)
        await other_side.saw("ChannelDtmfReceived", channel)
        paper.write("menu", attempt=2 if rephrase else 1)
        await other_side.saw("ChannelDtmfReceived", channel, count=2)
        await asyncio.sleep(0.6)
        paper.write("ended", outcome="ended")
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = ask
    script = CallScript(turns=turns, rephrase=rephrase, pause_seconds=0.1)
    assert pressed(await call(provisions, other_side, tmp_path, paper, script)) == expected


async def test_the_caller_hangs_up_after_the_talk_and_the_report_has_the_journals_facts(
    provisions: Provisions, other_side: OtherSide, tmp_path: Path
) -> None:
    paper = Paper()

    async def connect(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        paper.write("arrived", sip_call_id=arguments[2])
        paper.write("topic", topic="access")
        paper.write("queued", queue="people")
        paper.write("connected", operator="anna")
        await other_side.saw("ChannelHangupRequest", channel)
        paper.write("talk_ended", operator="anna")
        paper.write("ended", outcome="talked")

    other_side.on_call = connect
    script = CallScript(talk=keys("9"), talk_seconds=0.5)
    report = await call(provisions, other_side, tmp_path, paper, script)
    assert (report.outcome, report.topic, report.hung_up_by) == ("talked", "access", "caller")
    assert (report.queue_wait_seconds, report.talk_seconds) == (1.0, 1.0)
    assert pressed(report) == ["9"]


async def test_a_journal_that_breaks_off_does_not_hold_the_call(
    provisions: Provisions, other_side: OtherSide, tmp_path: Path
) -> None:
    async def breaks_off() -> AsyncIterator[Record]:
        yield Record("another", 1, "arrived", "", 0.0, 0.0)
        raise ConnectionError("the store is gone")

    async def answer(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")

    other_side.on_call = answer
    place = Place(provisions.asterisk, TEMPLATES, tmp_path / "agent", tmp_path / "speech")
    async with running_agent(place, other_side.sip_port, journal=breaks_off()) as agent, asyncio.timeout(4):
        report = await agent.call("88005553535", CallScript(hang_up_after_seconds=0.3))
    assert (report.outcome, report.call) == ("failed", "")
    assert "journal does not know it" in report.reason


async def test_an_agent_whose_asterisk_dies_ends_its_calls(
    provisions: Provisions, other_side: OtherSide, tmp_path: Path
) -> None:
    async def answer_and_kill(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        await asyncio.sleep(0.2)
        os.kill(int((tmp_path / "agent" / "agent.pid").read_text().split()[0]), signal.SIGKILL)
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = answer_and_kill
    place = Place(provisions.asterisk, TEMPLATES, tmp_path / "agent", tmp_path / "speech")
    async with running_agent(place, other_side.sip_port) as agent, asyncio.timeout(5):
        report = await agent.call("88005553535", CallScript())
    assert "the agent's Asterisk is gone" in report.reason
    assert not (tmp_path / "agent").exists()
