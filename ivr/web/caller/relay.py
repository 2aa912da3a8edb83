"""SIP between a visitor's browser and Asterisk, through our own web server: Asterisk's HTTP port, with ARI on it, stays
on loopback, and a public page is TLS like all pages.

Sound does not come this way: it is DTLS-SRTP, straight to Asterisk.
"""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import aiohttp
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from ivr.line.visitors import Visitors
from ivr.web.limits import MOST_MESSAGE_BYTES

log = structlog.get_logger("web")

_PROTOCOL = "sip"
_MOST_MESSAGES = 5000  # of one connection: an hour of talk has some hundred
_CONNECT_SECONDS = 3.0
_REFUSED = 1008
_UNPLAIN = re.compile(r"[\r\n\0]")
_SIZE = re.compile(r"(?:content-length|l)[ \t]*:[ \t]*(\S*)[ \t]*$", re.IGNORECASE)
_SENDER = re.compile(r"(?:from|f)[ \t]*:", re.IGNORECASE)
_NAMED = re.compile(r":[ \t]*(?:\"[^\"<>]*\"[ \t]*)?<sip:([^@;<>\s]+)@[^@<>\s]+>(?:;[^<>@]*)?$", re.IGNORECASE)


class Relay:
    """`telephony`: the WebSocket address of Asterisk. A visit has one connection: a new one ends that of before."""

    def __init__(self, visitors: Visitors, telephony: str) -> None:
        self._visitors = visitors
        self._telephony = telephony
        self._connected: dict[str, asyncio.Task[None]] = {}

    async def serve(self, socket: WebSocket) -> None:
        """One connection, until either side has had enough; whoever has no ticket, or another origin, gets none."""
        ticket = socket.path_params["ticket"]
        visit = self._visitors.of_ticket(ticket)
        if visit is None or not _is_ours(socket):
            await socket.close(_REFUSED)
            return
        if (before := self._connected.get(ticket)) is not None:
            before.cancel()
        task = self._connected[ticket] = asyncio.ensure_future(self._relay(socket, visit.account))
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            if self._connected.get(ticket) is task:
                del self._connected[ticket]

    async def _relay(self, socket: WebSocket, account: str) -> None:
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.ws_connect(self._telephony, protocols=(_PROTOCOL,), max_msg_size=MOST_MESSAGE_BYTES) as asterisk,
            ):
                await socket.accept(_PROTOCOL)
                ways = {
                    asyncio.create_task(_to(socket, asterisk, account)),
                    asyncio.create_task(_from(asterisk, socket)),
                }
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("a browser cannot reach the telephony", reason=type(error).__name__)
        try:
            await socket.close()
        except RuntimeError:
            pass  # it is closed


async def _to(socket: WebSocket, asterisk: aiohttp.ClientWebSocketResponse, account: str) -> None:
    for _ in range(_MOST_MESSAGES):
        try:
            text = await socket.receive_text()
        except (WebSocketDisconnect, KeyError):  # bytes are no SIP
            return
        if not speaks_for(account, text):
            log.warning("a browser spoke for somebody else", account=account)
            return
        await asterisk.send_str(text)


async def _from(asterisk: aiohttp.ClientWebSocketResponse, socket: WebSocket) -> None:
    async for message in asterisk:
        content = message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
        await socket.send_text(content)


def speaks_for(account: str, message: str) -> bool:
    """Whether a SIP message is one answer, or one request of that account, as plainly as our own page writes it.

    Asterisk knows callers by this header, or by their address; and whatever comes by us comes from the address that the
    provider may call from.
    """
    head, _, body = message.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    if not first.strip() or _UNPLAIN.search("".join(lines) + first) or any(line[:1] in (" ", "\t") for line in lines):
        return not message.strip()  # what keeps the connection open
    sizes = [match[1] for line in lines if (match := _SIZE.match(line))]
    if sizes != [str(len(body.encode()))]:
        return False  # more than one message, or none that has an end
    senders = [line for line in lines if _SENDER.match(line)]
    if first.startswith("SIP/2.0 "):
        return True
    named = _NAMED.search(senders[0]) if len(senders) == 1 else None
    return named is not None and named[1] == account


def _is_ours(socket: WebSocket) -> bool:
    """Browsers say which page opened the connection; foreign pages may not."""
    origin = socket.headers.get("origin", "")
    return urlsplit(origin).netloc == socket.headers.get("host", "")
