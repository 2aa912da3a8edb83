"""A caller's telephone sends a thousand keys a second into a menu: the other callers notice nothing.

What bounds them is asked on virtual time, with more keys than any telephone could send.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import socket
import struct

import pytest

from ivr.agent.agent import Agent
from ivr.call.effects import Effect
from ivr.call.events import CallerHungUp, Event, KeyPressed
from tests.failures.floods import LINE, a_talk_under_way, pouring
from tests.telephone.conftest import RunningHotline
from tests.unit.call.world import ShortPlan, World, live

pytestmark = pytest.mark.timeout(150)

A_SECOND, AT_ONCE = 1000, 20
_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
)


class WildTelephone:
    """Calls from the provider's address, and presses keys like mad (RFC 4733: the last packet of each)."""

    def __init__(self, hotline_port: int) -> None:
        self._hotline = ("127.0.0.1", hotline_port)
        self._signalling, self._sound = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for wire in (self._signalling, self._sound):
            wire.bind(("127.0.0.1", 0))
            wire.setblocking(False)
        self.name, self._tag = secrets.token_hex(8), secrets.token_hex(4)
        self.pressed = 0
        self.hung_up = False

    async def call(self) -> None:
        """Returns once the hotline has answered."""
        self._request("INVITE", f"<sip:{LINE}@127.0.0.1>", _SDP.format(port=self._sound.getsockname()[1]))
        async with asyncio.timeout(15):
            while not (answer := await self._receive()).startswith("SIP/2.0 200"):
                pass
        self._other = re.search(r"^To: (.+)\r$", answer, re.MULTILINE)[1]  # type: ignore[index]
        self._target = int(re.search(r"m=audio (\d+)", answer)[1])  # type: ignore[index]
        self._request("ACK", self._other)

    async def press_like_mad(self) -> None:
        for number in itertools.count(1):
            stamp = number * 160
            packet = struct.pack(">BBHII", 0x80, 0x80 | 101, number & 0xFFFF, stamp & 0xFFFFFFFF, 1)
            event = struct.pack(">BBH", number % 12, 0x8A, 800)
            try:
                self._sound.sendto(packet + event, ("127.0.0.1", self._target))
            except OSError:
                pass  # hung up on
            else:
                self.pressed += 1
            if number % AT_ONCE == 0:
                await asyncio.sleep(AT_ONCE / A_SECOND)

    def hang_up(self) -> None:
        self._request("BYE", self._other, number=2)
        self._signalling.close()
        self._sound.close()

    async def _receive(self) -> str:
        data = await asyncio.get_running_loop().sock_recv(self._signalling, 8192)
        return data.decode()

    def _request(self, method: str, to: str, body: str = "", number: int = 1) -> None:
        host, port = self._signalling.getsockname()
        text = (
            f"{method} sip:{LINE}@127.0.0.1:{self._hotline[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
            f"From: <sip:+79990000066@127.0.0.1>;tag={self._tag}\r\nTo: {to}\r\nCall-ID: {self.name}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:wild@{host}:{port}>\r\nMax-Forwards: 70\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        self._signalling.sendto(text.encode(), self._hotline)


class Reading(ShortPlan):
    """Takes keys for nothing."""

    def step(self, event: Event) -> tuple[Effect, ...]:
        if isinstance(event, KeyPressed):
            self.seen.append(event)
            return ()
        return super().step(event)


def test_keys_that_nobody_can_deal_with_are_lost_and_the_end_of_the_call_is_not() -> None:
    def press_like_mad(world: World) -> None:
        def all_at_once() -> None:
            for number in range(10_000):
                world.asterisk.press("caller-1", str(number % 10))
            world.asterisk.hang_up_caller("caller-1")

        world.at(1.0, all_at_once)

    plan = Reading()
    live(press_like_mad, plan=plan)
    assert 1 < sum(isinstance(event, KeyPressed) for event in plan.seen) < 100
    assert isinstance(plan.seen[-1], CallerHungUp)


@pytest.mark.telephone
@pytest.mark.asyncio(loop_scope="session")
async def test_other_callers_notice_nothing(agent: Agent, hotline: RunningHotline) -> None:
    wild = WildTelephone(hotline.hotline.ports.sip)
    async with a_talk_under_way(agent, hotline) as one_more:
        await wild.call()
        async with pouring(wild.press_like_mad()):
            await one_more()
            assert wild.pressed > A_SECOND, "there was a flood"
        wild.hang_up()
        await hotline.until(lambda status: len(status["calls"]) == 1)
    assert await hotline.quiet() == []
