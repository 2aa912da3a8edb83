"""What the door lets through to Asterisk: our own pages' WebSocket, by TLS 1.3, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.line.door import Door
from ivr.provision.encryption import Encryption
from tests.certificate import self_signed

UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest_asyncio.fixture
async def seen() -> list[bytes]:
    """What has come to Asterisk."""
    return []


@pytest_asyncio.fixture
async def port(tmp_path: Path, seen: list[bytes]) -> AsyncIterator[int]:
    """The door's, before an Asterisk that answers everything with `hello`."""

    async def asterisk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1000))
        writer.write(b"hello")
        seen.append(await reader.read(1000))
        writer.close()
        await writer.wait_closed()

    self_signed(tmp_path / "line.crt", tmp_path / "line.key")
    inner = await asyncio.start_server(asterisk, "127.0.0.1", 0)
    door = Door(inner.sockets[0].getsockname()[:2], ("localhost", "line.example.ru"))
    async with (
        inner,
        await door.open("127.0.0.1", 0, Encryption(tmp_path / "line.crt", tmp_path / "line.key")) as outer,
    ):
        yield outer.sockets[0].getsockname()[1]
        if open_yet := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(open_yet, timeout=10)


async def knock(port: int, head: str, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> str:
    """What comes back for these bytes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, newest
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(head.encode())
        answer = await reader.read(1000)
        writer.close()
        await writer.wait_closed()
    return answer.decode()


async def test_a_page_of_ours_reaches_the_websocket(port: int, seen: list[bytes]) -> None:
    head = f"GET /ws HTTP/1.1\r\nHost: line.example.ru\r\n{UPGRADE}Origin: https://line.example.ru:8443\r\n\r\n"
    assert await knock(port, head) == "hello"
    assert seen[0] == head.encode()


@pytest.mark.parametrize(
    "head",
    [
        f"GET /ari/channels HTTP/1.1\r\n{UPGRADE}Origin: https://line.example.ru\r\n\r\n",
        f"GET /ws HTTP/1.1\r\n{UPGRADE}Origin: https://elsewhere.example\r\n\r\n",
        f"GET /ws HTTP/1.1\r\n{UPGRADE}Origin: http://line.example.ru\r\n\r\n",
        f"GET /ws HTTP/1.1\r\n{UPGRADE}\r\n",
        "GET /ws HTTP/1.1\r\nOrigin: https://line.example.ru\r\n\r\n",
    ],
    ids=["another path", "another page", "a page in plain text", "no page", "no websocket"],
)
async def test_nothing_else_does(port: int, seen: list[bytes], head: str) -> None:
    assert (await knock(port, head)).startswith("HTTP/1.1 403 ")
    assert seen == []


async def test_what_is_too_long_or_too_old_is_not_listened_to(port: int, seen: list[bytes]) -> None:
    assert await knock(port, "GET /ws HTTP/1.1\r\nX: " + 20_000 * "x") == ""
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await knock(port, "GET /ws HTTP/1.1\r\n\r\n", ssl.TLSVersion.TLSv1_2)
    assert seen == []
