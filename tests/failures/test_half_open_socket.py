"""The event socket hangs: nothing comes, nothing closes. It is given up within seconds, and opened again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ivr.errors import AsteriskUnavailable
from ivr.line.ari import AriClient
from tests.failures.conftest import measured
from tests.ports import free_port

pytestmark = pytest.mark.timeout(60)

_LONGEST_SECONDS = 12.0


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """A server that takes the socket and never says a word, not even to a ping."""

    async def events(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await asyncio.sleep(30)
        return socket

    app = web.Application()
    app.router.add_get("/ari/events", events)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def test_it_is_given_up(silent: str) -> None:
    began = time.monotonic()
    async with AriClient(silent, "ivr", "password", "ivr") as ari, ari.events() as frames:
        with pytest.raises(AsteriskUnavailable):
            await asyncio.wait_for(anext(frames), _LONGEST_SECONDS)
    measured("event socket half open", time.monotonic() - began)
