"""What a connection may cost that never says what it wants: real sockets, the real web server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ivr.web import connection
from ivr.web.limits import MOST_HEADER_BYTES
from ivr.web.serving import serve
from tests.ports import free_port
from tests.web.test_server import listening

ELSEWHERE = "127.0.0.2"
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    port = free_port()
    task = asyncio.create_task(serve(Starlette(routes=[Route("/", hello)]), "127.0.0.1", port))
    await listening(port)
    yield port
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def said(port: int, address: str, text: bytes = REQUEST) -> bytes:
    """All that the server says before it closes the connection."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        try:
            writer.write(text)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@pytest.mark.parametrize("limit", ["MOST_OF_ONE_ADDRESS", "MOST_CONNECTIONS"])
async def test_who_holds_too_many_gets_no_more(port: int, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(connection, limit, 2)
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    assert await said(port, "127.0.0.1") == b""
    assert (await said(port, ELSEWHERE) != b"") == (limit == "MOST_OF_ONE_ADDRESS"), "others are not to blame"
    for reader, writer in held:
        writer.write(REQUEST)
        assert b"200 OK" in await reader.read()
        writer.close()
    assert b"200 OK" in await said(port, "127.0.0.1"), "what was let go counts no more"


async def test_a_request_that_never_ends_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.Connection, "request_seconds", 0.2)
    assert await said(port, "127.0.0.1", b"GET / HTTP/1.1\r\nX-Long: ") == b""


async def test_headers_without_end_are_refused(port: int) -> None:
    endless = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 2 * MOST_HEADER_BYTES
    assert (await said(port, "127.0.0.1", endless)).startswith(b"HTTP/1.1 400 ")
