"""Test operators over real SIP: they register, take calls, and are heard."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, Wait
from ivr.agent.steps import Step
from ivr.errors import AsteriskRefused, CallFailed
from tests.agent.conftest import PASSWORDS, Melody, OtherSide, likeness

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]


class Desk:
    """A controller in twenty lines: takes service codes, rings an operator for each caller, bridges both."""

    def __init__(self, other_side: OtherSide, operator: str = "anna", ring_seconds: int = 5) -> None:
        self.codes: list[tuple[str, str]] = []
        self._other_side = other_side
        self._operator = operator
        self._ring_seconds = ring_seconds

    async def enter(self, channel: str, arguments: Sequence[str]) -> None:
        request = self._other_side.ari.request
        match arguments:
            case ("operator", endpoint, code):
                self.codes.append((endpoint, code))
                await request("POST", f"channels/{channel}/answer")
                await request("DELETE", f"channels/{channel}")
            case ("line", *_):
                await request("POST", f"channels/{channel}/answer")
                leg = await self.offer(f"leg-{channel}")
                await request("POST", f"bridges/talk-{channel}", type="mixing")
                await request("POST", f"bridges/talk-{channel}/addChannel", channel=f"{channel},{leg}")
                await asyncio.wait(
                    [asyncio.ensure_future(self._other_side.saw("StasisEnd", each)) for each in (channel, leg)],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for each in await request("GET", "channels"):
                    with contextlib.suppress(AsteriskRefused):  # it may be about to end by itself
                        await request("DELETE", f"channels/{each['id']}")
                await request("DELETE", f"bridges/talk-{channel}")

    async def offer(self, leg: str) -> str:
        await self._other_side.ari.request(
            "POST",
            "channels",
            endpoint=f"PJSIP/{self._operator}",
            app="ivr",
            channelId=leg,
            timeout=self._ring_seconds,
        )
        await self._other_side.saw("StasisStart", leg)
        return leg


async def test_an_operator_registers_becomes_free_and_leaves(agent: Agent, other_side: OtherSide) -> None:
    desk = Desk(other_side)
    other_side.on_call = desk.enter
    await other_side.ari.request("POST", "applications/ivr/subscription", eventSource="endpoint:PJSIP/anna")
    async with agent.operator("anna", PASSWORDS["anna"]) as anna:
        endpoint = await other_side.ari.request("GET", "endpoints/PJSIP/anna")
        assert endpoint["state"] == "online"
    assert desk.codes == [("anna", "*1"), ("anna", "*0")]
    assert [step.step for step in anna.steps] == ["registered", "ready", "paused", "unregistered"]
    await other_side.saw("PeerStatusChange", "Unreachable")
    await other_side.ari.request("DELETE", "applications/ivr/subscription", eventSource="endpoint:PJSIP/anna")


async def test_whoever_leaves_is_gone_at_once(agent: Agent, other_side: OtherSide) -> None:
    """A telephone that took its password away before it was asked for it stayed, as far as the hotline knew."""
    other_side.on_call = Desk(other_side).enter
    for _ in range(8):
        async with agent.operator("anna", PASSWORDS["anna"]):
            pass
        async with asyncio.timeout(3):  # the answer to who leaves goes out before Asterisk has noted it
            while (await other_side.ari.request("GET", "endpoints/PJSIP/anna"))["state"] != "offline":  # noqa: ASYNC110 -- no event that was not there before
                await asyncio.sleep(0.02)


async def test_a_wrong_password_is_told(agent: Agent, other_side: OtherSide) -> None:
    desk = Desk(other_side)
    other_side.on_call = desk.enter
    with pytest.raises(CallFailed, match="anna cannot register: the hotline refused"):
        async with agent.operator("anna", "wrong"):
            pytest.fail("the operator was let in")
    assert desk.codes == []


async def test_the_same_operator_signs_in_once(agent: Agent, other_side: OtherSide) -> None:
    other_side.on_call = Desk(other_side).enter
    async with agent.operator("anna", PASSWORDS["anna"]):
        with pytest.raises(CallFailed, match="signed in here already"):
            async with agent.operator("anna", PASSWORDS["anna"]):
                pytest.fail("there are two of her")


async def test_caller_and_operator_hear_each_other(agent: Agent, other_side: OtherSide, melody: Melody) -> None:
    question, answer = melody(10, 2.1), melody(11, 2.1)
    other_side.on_call = Desk(other_side).enter
    script = OperatorScript(answer_after_seconds=0.0, talk=(Wait(0.5), PlayFile(answer)), talk_seconds=4.0)
    async with agent.operator("anna", PASSWORDS["anna"], script) as anna:
        report = await agent.call(
            "88005553535", CallScript(turns=((PlayFile(question),),), say_after_seconds=1.2, limit_seconds=10)
        )
        async with asyncio.timeout(3):
            talk = await anna.talks.get()
    assert report.heard is not None
    assert talk.heard is not None
    assert likeness(report.heard, answer) > 0.9
    assert likeness(talk.heard, question) > 0.9
    assert likeness(report.heard, question) < 0.5


async def test_the_operator_ends_the_talk(agent: Agent, other_side: OtherSide) -> None:
    other_side.on_call = Desk(other_side).enter
    script = OperatorScript(answer_after_seconds=0.0, talk_seconds=0.5)
    async with agent.operator("anna", PASSWORDS["anna"], script) as anna:
        report = await agent.call("88005553535", CallScript(limit_seconds=10))
        async with asyncio.timeout(3):
            talk = await anna.talks.get()
    assert (talk.ended_by, report.hung_up_by) == ("operator", "hotline")
    assert talk.seconds == pytest.approx(0.5, abs=0.3)


async def test_an_operator_declines(agent: Agent, other_side: OtherSide) -> None:
    desk = Desk(other_side)
    other_side.on_call = desk.enter
    script = OperatorScript(answer_after_seconds=0.1, decline=True)
    async with agent.operator("anna", PASSWORDS["anna"], script) as anna:
        offer = asyncio.ensure_future(desk.offer("declined-leg"))
        ended = await other_side.saw("ChannelDestroyed", "declined-leg")
        offer.cancel()
    assert ended["cause"] == 17
    assert "declined" in [step.step for step in anna.steps]


async def test_an_operator_lets_it_ring(agent: Agent, other_side: OtherSide) -> None:
    desk = Desk(other_side, ring_seconds=1)
    other_side.on_call = desk.enter
    missed = asyncio.Event()

    def on_step(step: Step) -> None:
        if step.step == "missed":
            missed.set()

    script = OperatorScript(answer_after_seconds=None)
    async with agent.operator("anna", PASSWORDS["anna"], script, on_step=on_step):
        offer = asyncio.ensure_future(desk.offer("ignored-leg"))
        await other_side.saw("ChannelDestroyed", "ignored-leg")
        offer.cancel()
        async with asyncio.timeout(3):
            await missed.wait()


async def test_two_operators_at_once(agent: Agent, other_side: OtherSide) -> None:
    desk = Desk(other_side)
    other_side.on_call = desk.enter
    async with agent.operator("anna", PASSWORDS["anna"]), agent.operator("boris", PASSWORDS["boris"]):
        states = [await other_side.ari.request("GET", f"endpoints/PJSIP/{name}") for name in ("anna", "boris")]
    assert [state["state"] for state in states] == ["online", "online"]
    assert sorted(desk.codes) == [("anna", "*0"), ("anna", "*1"), ("boris", "*0"), ("boris", "*1")]
