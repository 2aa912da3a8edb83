"""Test callers over real SIP: what they do arrives, what happens to them is reported."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import CallScript, PlayFile, keys
from ivr.agent.steps import Step
from ivr.errors import CallFailed
from ivr.provision.setup import Provisions
from tests.agent.conftest import TEMPLATES, Melody, OtherSide, likeness

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]


def names(steps: Sequence[Step]) -> list[str]:
    return [step.step for step in steps]


async def test_the_number_dialled_and_the_callers_number_arrive(agent: Agent, other_side: OtherSide) -> None:
    seen: list[object] = []

    async def answer(channel: str, arguments: Sequence[str]) -> None:
        entered = await other_side.saw("StasisStart", channel)
        seen.extend([*arguments[:2], entered["channel"]["caller"]["number"]])
        await other_side.ari.request("POST", f"channels/{channel}/answer")

    other_side.on_call = answer
    report = await agent.call("88005553535", CallScript(hang_up_after_seconds=0.3), caller="+79161234567")
    assert seen == ["line", "88005553535", "+79161234567"]
    assert report.answer_seconds is not None
    assert report.answer_seconds < 1


async def test_keys_arrive_in_order(agent: Agent, other_side: OtherSide) -> None:
    async def answer(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        await other_side.saw("ChannelDtmfReceived", channel, count=5)
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = answer
    report = await agent.call("88005553535", CallScript(turns=(keys("1w*0#5"),), say_after_seconds=0.2))
    received = [frame for frame in other_side.frames if frame["type"] == "ChannelDtmfReceived"]
    assert [frame["digit"] for frame in received] == ["1", "*", "0", "#", "5"]
    assert names(report.steps) == ["dialled", "picked_up", *5 * ["presses"], "hung_up"]
    assert report.hung_up_by == "hotline"


async def test_the_caller_hangs_up(agent: Agent, other_side: OtherSide) -> None:
    async def answer(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        ended = await other_side.saw("ChannelHangupRequest", channel)
        assert ended["cause"] == 16

    other_side.on_call = answer
    report = await agent.call("88005553535", CallScript(hang_up_after_seconds=0.5))
    assert (report.hung_up_by, report.outcome) == ("caller", "left")
    assert names(report.steps)[-2:] == ["hangs_up", "hung_up"]


async def test_the_hotline_hangs_up_while_the_caller_speaks(
    agent: Agent, other_side: OtherSide, melody: Melody
) -> None:
    async def answer(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        await asyncio.sleep(0.6)
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = answer
    script = CallScript(turns=((PlayFile(melody(1, 5.0)),),), say_after_seconds=0.2)
    async with asyncio.timeout(4):
        report = await agent.call("88005553535", script)
    assert (report.hung_up_by, report.cause, report.outcome) == ("hotline", 16, "ended")


async def test_a_refused_call_is_reported(agent: Agent, other_side: OtherSide) -> None:
    async def refuse(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("DELETE", f"channels/{channel}", reason="busy")

    other_side.on_call = refuse
    report = await agent.call("88005553535", CallScript())
    assert (report.outcome, report.cause, report.answer_seconds) == ("failed", 17, None)


async def test_a_call_that_nobody_answers_is_given_up(agent: Agent, other_side: OtherSide) -> None:
    async def ignore(channel: str, arguments: Sequence[str]) -> None:
        await other_side.saw("StasisEnd", channel)

    other_side.on_call = ignore
    report = await agent.call("88005553535", CallScript(answer_within_seconds=0.5))
    assert (report.outcome, report.answer_seconds) == ("failed", None)


async def test_what_the_hotline_plays_is_recorded(agent: Agent, other_side: OtherSide, melody: Melody) -> None:
    greeting, words = melody(2, 1.2), melody(3, 1.2)

    async def greet(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        await asyncio.sleep(0.3)  # the recording of the first tenth of a second is not what is tested
        await other_side.ari.request("POST", f"channels/{channel}/play", media=f"sound:{greeting.with_suffix('')}")
        await other_side.saw("PlaybackFinished", channel)
        await asyncio.sleep(1.0)
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = greet
    report = await agent.call(
        "88005553535", CallScript(turns=((PlayFile(words),),), say_after_seconds=0.5, limit_seconds=10)
    )
    assert report.heard is not None
    assert report.said is not None
    assert likeness(report.heard, greeting) > 0.9
    assert likeness(report.said, words) > 0.9
    assert likeness(report.heard, words) < 0.5


async def test_twenty_calls_at_once(agent: Agent, other_side: OtherSide) -> None:
    async def answer(channel: str, arguments: Sequence[str]) -> None:
        await other_side.ari.request("POST", f"channels/{channel}/answer")
        await other_side.saw("ChannelDtmfReceived", channel)
        await other_side.ari.request("DELETE", f"channels/{channel}")

    other_side.on_call = answer
    script = CallScript(turns=(keys("7"),), say_after_seconds=0.3)
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(agent.call("88005553535", script, caller=f"+7999{n:07}")) for n in range(20)]
    assert [call.result().outcome for call in calls] == ["ended"] * 20


async def test_a_recording_that_is_none_is_named_before_anything_is_dialled(
    agent: Agent, other_side: OtherSide, tmp_path: Path
) -> None:
    rubbish = tmp_path / "rubbish.wav"
    rubbish.write_bytes(b"ID3 this is no WAV file")
    with pytest.raises(CallFailed, match=r"rubbish\.wav: .*not a WAV"):
        await agent.call("88005553535", CallScript(turns=((PlayFile(rubbish),),)))
    with pytest.raises(CallFailed, match=r"missing\.wav"):
        await agent.call("88005553535", CallScript(turns=((PlayFile(tmp_path / "missing.wav"),),)))
    assert other_side.frames == []


async def test_a_hotline_that_is_not_there(provisions: Provisions, tmp_path: Path, unused_udp_port: int) -> None:
    folder = tmp_path / "agent"
    async with running_agent(
        Place(provisions.asterisk, TEMPLATES, folder, tmp_path / "speech"), unused_udp_port
    ) as agent:
        report = await agent.call("88005553535", CallScript(answer_within_seconds=1.0))
    assert (report.outcome, report.answer_seconds) == ("failed", None)
    assert not folder.exists()
