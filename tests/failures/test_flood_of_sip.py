"""Thousands of SIP messages from somebody who is neither provider nor operator, and much that is no SIP at all."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from collections.abc import Iterator

import pytest

from ivr.agent.agent import Agent
from ivr.line.ari import AriClient
from tests.failures.floods import ELSEWHERE, a_talk_under_way, pouring
from tests.failures.test_nonsense_comes_in import mutated
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

A_SECOND, AT_ONCE = 500, 25
CONNECTIONS = 200
MOST_LOGGED_BYTES = 200_000
_SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


def messages(port: int) -> Iterator[bytes]:
    """INVITE, REGISTER (with a password, by guessing) and OPTIONS of strangers; every other one is damaged."""
    chance = random.Random(4)
    while True:
        for method, user in (("INVITE", "88005553535"), ("REGISTER", "op02"), ("OPTIONS", "ivr"), ("INVITE", "*1")):
            body = _SDP.format(host=ELSEWHERE) if method == "INVITE" else ""
            sane = (
                f"{method} sip:{user}@127.0.0.1:{port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {ELSEWHERE}:5999;branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
                f"From: <sip:{user}@{ELSEWHERE}>;tag={secrets.token_hex(4)}\r\nTo: <sip:{user}@127.0.0.1>\r\n"
                f"Call-ID: {secrets.token_hex(8)}\r\nCSeq: 1 {method}\r\nContact: <sip:{user}@{ELSEWHERE}:5999>\r\n"
                f'Authorization: Digest username="{user}",realm="asterisk",nonce="1",uri="sip:x",response="0"\r\n'
                f"Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            )
            yield sane.encode()
            yield mutated(chance, sane).encode(errors="replace")[:60_000]


async def pour(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((ELSEWHERE, 0))
        wire.setblocking(False)
        for number, message in enumerate(messages(port)):
            try:
                wire.sendto(message, ("127.0.0.1", port))
            except BlockingIOError:
                pass  # as fast as the wire takes it
            if number % AT_ONCE == 0:
                await asyncio.sleep(AT_ONCE / A_SECOND)


async def hold(port: int) -> None:
    """TCP connections that begin a message and never end it."""
    writers = []
    try:
        for _ in range(CONNECTIONS):
            _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ELSEWHERE, 0))
            writer.write(b"INVITE sip:x SIP/2.0\r\nContent-Length: 99999\r\n")
            writers.append(writer)
        while True:
            for writer in writers:
                writer.write(b"x")
            await asyncio.sleep(1.0)
    finally:
        for writer in writers:
            writer.transport.abort()


async def test_calls_go_on_and_nobody_comes_in(agent: Agent, hotline: RunningHotline) -> None:
    port = hotline.hotline.ports.sip
    log = hotline.hotline.home.var / "asterisk" / "log" / "messages.log"
    logged = log.stat().st_size
    async with a_talk_under_way(agent, hotline) as one_more:
        async with pouring(pour(port), hold(port)):
            await one_more()
            password = hotline.hotline.secrets.password("ari")
            async with AriClient(hotline.hotline.asterisk_address, "ivr", password, "ivr") as ari:
                channels = await ari.request("GET", "channels")
            known = {call["call"] for call in (await hotline.status())["calls"]}
        assert len(known) == 1, "the flood made no call"
        strangers = [channel["name"] for channel in channels if "trunk" not in channel["name"]]
        assert [name for name in strangers if "op01" not in name] == []
        assert log.stat().st_size - logged < MOST_LOGGED_BYTES, "the flood fills the disk"
    assert await hotline.quiet() == []
