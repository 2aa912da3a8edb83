"""How browsers of other machines reach Asterisk's WebSocket: by TLS, and nothing but that WebSocket.

Asterisk's HTTP server also has ARI, so it stays on loopback; what comes here is looked at once, then passed to and fro
as it is. A program of its own: a talk's signalling outlives the controller.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection
from urllib.parse import urlsplit

import structlog

from ivr.provision.encryption import Encryption

log = structlog.get_logger()

PATH = "/ws"
_HEAD_BYTES = 8192
_HEAD_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_SILENT_SECONDS = 90.0  # Asterisk asks each page every few seconds whether it is there
_MOST_PAGES = 1000
_CHUNK = 16384


class Door:
    """Lets pages that were opened by these `names` through to Asterisk's WebSocket at `asterisk` (host, port)."""

    def __init__(self, asterisk: tuple[str, int], names: Collection[str]) -> None:
        self._asterisk = asterisk
        self._names = frozenset(name.strip("[]") for name in names)
        self._open = 0

    async def open(self, host: str, port: int, encryption: Encryption) -> asyncio.Server:
        """From now on pages are let in, until the server is closed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(encryption.certificate, encryption.private_key)
        return await asyncio.start_server(self._let_in, host, port, ssl=context, limit=_HEAD_BYTES)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > _MOST_PAGES:
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n")
                return
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            if not self._is_a_page(head):
                writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")
                return
            async with asyncio.timeout(_CONNECT_SECONDS):
                inner = await asyncio.open_connection(*self._asterisk)
            inner[1].write(head)
            await _to_and_fro((reader, writer), inner)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # gone, mute, or nonsense: the page tries again by itself
        finally:
            self._open -= 1
            await _close(writer)

    def _is_a_page(self, head: bytes) -> bool:
        """Whether it opens the WebSocket, and comes from one of our own pages."""
        request, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        origin = urlsplit(fields.get("origin", ""))
        return (
            request == f"GET {PATH} HTTP/1.1"
            and fields.get("upgrade", "").lower() == "websocket"
            and origin.scheme == "https"
            and origin.hostname in self._names
        )


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _to_and_fro(outer: Ends, inner: Ends) -> None:
    """Until either side ends, or nobody says anything any more."""
    ways = [asyncio.create_task(_pass_on(outer[0], inner[1])), asyncio.create_task(_pass_on(inner[0], outer[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await _close(inner[1])


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        async with asyncio.timeout(_SILENT_SECONDS):
            data = await reader.read(_CHUNK)
        if not data:
            return
        writer.write(data)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        pass  # the other side has gone without a word
