"""HTTP by the thousand, connections that never finish a request, and headers and bodies without an end."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter

import pytest

from ivr.agent.agent import Agent
from ivr.web.connection import MOST_OF_ONE_ADDRESS
from ivr.web.limits import MOST_BODY_BYTES, MOST_HEADER_BYTES
from tests.failures.floods import ELSEWHERE, a_talk_under_way, pouring
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(200)]

YET_ELSEWHERE = "127.0.0.8"
ASKING, SLOW, AT_ONCE = 230, 2 * MOST_OF_ONE_ADDRESS, 20
_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
_SIGN_IN = b'{"name": "maria", "password": "guess", "code": "123456"}'
REQUESTS = (
    b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_SIGN_IN), _SIGN_IN),
    b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 20 * MOST_HEADER_BYTES + b"\r\n\r\n",
    b"POST /api/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /enter HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * (MOST_BODY_BYTES // 0x10000 + 2),
)


class Flood:
    """Asks and asks, from one address; `answers` counts them by status."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers = Counter[bytes]()

    async def ask(self, request: bytes) -> None:
        while True:
            with contextlib.suppress(OSError):  # what is turned away comes again
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(ELSEWHERE, 0))
                try:
                    writer.write(request * (AT_ONCE if len(request) < MOST_HEADER_BYTES else 1))
                    while answer := await reader.read(65536):
                        self.answers.update(_STATUS.findall(answer))
                finally:
                    writer.transport.abort()
            await asyncio.sleep(0.1)


async def drip(port: int) -> bool:
    """A request of one letter a second. True when the server has had enough of it."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(YET_ELSEWHERE, 0))
    except OSError:
        return True
    closed = asyncio.create_task(reader.read())
    try:
        writer.write(b"GET / HTTP/1.1\r\nX-Long: ")
        while not closed.done():
            writer.write(b"x")
            await asyncio.wait({closed}, timeout=1.0)
        return True
    finally:
        writer.transport.abort()
        closed.cancel()
        await asyncio.gather(closed, return_exceptions=True)


async def test_calls_go_on_and_others_are_served(agent: Agent, hotline: RunningHotline) -> None:
    port = hotline.hotline.ports.web
    flood = Flood(port)
    async with a_talk_under_way(agent, hotline) as one_more:
        slow = [asyncio.create_task(drip(port)) for _ in range(SLOW)]
        try:
            asking = [flood.ask(request) for request in (*REQUESTS, *[REQUESTS[0]] * ASKING)]
            async with pouring(*asking):
                await one_more()
                assert (await hotline.status())["calls"], "who comes from another address is answered"
                async with asyncio.timeout(90):
                    assert all(await asyncio.gather(*slow)), "who never ends a request is let go"
        finally:
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
    assert {b"200", b"400", b"403", b"413", b"429"} <= set(flood.answers), flood.answers
    assert b"500" not in flood.answers
    assert await hotline.quiet() == []
