"""HTTP requests that nobody in their right mind would send: answered, or let go, but never with a defect of ours.

Mutations, from a fixed seed, of a request to each endpoint, byte by byte through the server's own protocol. Here a
sample; `IVR_FUZZ=100000` says how many.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import h11
import pytest
import redis.asyncio
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from uvicorn.server import ServerState

from ivr.config import Home
from ivr.hotline import Hotline
from ivr.web.connection import Connection
from ivr.web.serving import configuration
from tests.failures.test_nonsense_comes_in import mutated
from tests.web.application import plans_in, whole_application
from tests.web.roles import ENDLESS

_WANTED = int(os.environ.get("IVR_FUZZ", "0"))
REQUESTS = _WANTED or 2_000
_ANSWER_SECONDS = 30.0 if not _WANTED else 600.0  # a password takes long to check, at night beside much else
_FIELDS = (
    '{"call":"c1","prompt":"notice_portal_down","on":true,"seconds":60,"queue":"people",'
    '"name":"maria","password":"x","code":"1"}'
)
_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
    "\x81\x85\0\0\0\0hello"
)
_SLOW = re.compile(r"/api/studio/(check|call|test|publish|rollback)")  # each starts a process of its own
_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)

pytestmark = [pytest.mark.store, pytest.mark.timeout(70 if not _WANTED else 7200)]


class Wire(asyncio.Transport):
    """The other end keeps what it is told; each comes from an address of its own."""

    def __init__(self, number: int) -> None:
        super().__init__({"peername": (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 1)})
        self.said = bytearray()
        self.protocol: Any = None
        self._closed = False

    def write(self, data: Any) -> None:
        self.said += data

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def requests_to(application: Starlette, token: str) -> list[str]:
    """One to every endpoint that answers and is done, by a supervisor."""
    found = []
    for route in application.routes:
        if isinstance(route, WebSocketRoute):
            found += [_UPGRADE.format(path=route.path)] * 3
        if not isinstance(route, Route) or _SLOW.match(route.path):
            continue
        path = re.sub(r"\{[^}]+\}", "prioritise", route.path)
        for method in sorted(route.methods or ()):
            if route.path not in ENDLESS:
                body = _FIELDS if method == "POST" else ""
                found.append(
                    f"{method} {path}?reveal=1&key=abc HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                    f"Accept: text/html\r\nCookie: ivr_session_0=abc; language=ru\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                )
    return found


def awkward(chance: random.Random, request: str) -> str:
    """Damaged anywhere, or in one line only, so that the rest is understood."""
    if chance.random() < 0.3:
        return mutated(chance, request)
    lines = request.split("\r\n")
    place = chance.choice([number for number, line in enumerate(lines) if line])
    if place == len(lines) - 1:
        lines[place] = mutated(chance, lines[place])[: len(lines[place])].ljust(len(lines[place]))
    else:
        lines[place] = mutated(chance, lines[place])
    return "\r\n".join(lines)


def encoded(message: str) -> bytes:
    """What follows an upgrade is frames, not text."""
    return message.encode("latin-1" if "websocket" in message else "utf-8", errors="replace")


async def test_every_answer_is_one_of_ours(
    store: redis.asyncio.Redis, store_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{store_port}/0")
    live = await asyncio.to_thread(plans_in, tmp_path)
    application, controller = whole_application(tmp_path, live)
    config = configuration(application)
    state, chance, answers, upgraded = ServerState(), random.Random(5), Counter[bytes](), 0
    sane = requests_to(application, Hotline(Home(tmp_path)).machine_token)
    assert len(sane) > 30
    for number in range(REQUESTS):
        wire = Wire(number)
        connection = wire.protocol = Connection(config, state, {})
        connection.connection_made(wire)
        message = encoded(awkward(chance, chance.choice(sane)))
        cut = chance.randrange(len(message) + 1)
        for piece in (message[:cut], message[cut:]):
            if piece and not wire.is_closing():
                wire.protocol.data_received(piece)
        wire.protocol.eof_received()
        upgraded += wire.protocol is not connection
        if connection in state.connections and connection.conn.their_state is h11.SEND_BODY:
            connection.connection_lost(None)  # whoever waits for the rest of a body waits in vain
        if state.tasks:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await asyncio.gather(*state.tasks)
        if wire.protocol in state.connections:
            wire.protocol.connection_lost(None)
        answers.update(_STATUS.findall(wire.said))
        assert not [status for status in answers if status >= b"500" and status != b"503"], message
    assert [record.exc_text for record in caplog.records if "ASGI" in record.message] == []
    assert {b"200", b"400", b"404"} <= set(answers), answers
    assert upgraded > 0, "some asked for a WebSocket, and were understood"
    assert not state.connections
    await controller.redis.aclose()
