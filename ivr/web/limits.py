"""What one visitor may ask for: how much at once, and how often. Calls share the event loop with the pages."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 1 << 20  # a plan's text with room to spare
MOST_HEADER_BYTES = 16 << 10
MOST_MESSAGE_BYTES = 32 << 10  # on a WebSocket: SIP with the description of one call
_TOO_LARGE = b'{"error":"the request is too large"}'
_TOO_OFTEN = b'{"error":"too many requests; wait a moment"}'
_A_SECOND, _IN_ADVANCE = 100.0, 300.0  # of one address: an office of fifty that opens its pages all at once
_LONGEST_WAIT_SECONDS = 2.0
_TRY_LATER = 1013
_MOST_ADDRESSES = 10_000


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Answers 413 to a body that is, or turns out to be, larger than `most` bytes; one cut short is no defect."""

    def __init__(self, app: ASGIApp, most: int = MOST_BODY_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if int(announced) > self._most:  # digits are all that the server lets pass
            await _refuse(send)
            return
        arrived, begun = 0, False

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self._most:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _TooLarge:
            if not begun:
                await _refuse(send)
        except ClientDisconnect:
            pass  # gone in the middle of the body: there is nobody to answer, and nothing to log


class RateLimit:
    """Makes whoever asks too often wait for their turn, and answers 429 to those whose turn would be far away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._free_at: dict[str, float] = {}  # by address: when its requests will be paid for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            wait_seconds = self._turn((scope.get("client") or ("",))[0])
            if wait_seconds > 0:
                await asyncio.sleep(min(wait_seconds, _LONGEST_WAIT_SECONDS))
            if wait_seconds > _LONGEST_WAIT_SECONDS:
                if scope["type"] == "http":
                    await _refuse(send, 429, _TOO_OFTEN)
                else:
                    await send({"type": "websocket.close", "code": _TRY_LATER})
                return
        await self._app(scope, receive, send)

    def _turn(self, address: str) -> float:
        """Seconds until this request's turn; 0 or less: now. One that will be refused uses nothing up."""
        now = asyncio.get_running_loop().time()
        if len(self._free_at) > _MOST_ADDRESSES:
            self._free_at = {other: at for other, at in self._free_at.items() if at > now}
        free_at = max(self._free_at.get(address, now), now)
        wait_seconds = free_at - now - _IN_ADVANCE / _A_SECOND
        if wait_seconds <= _LONGEST_WAIT_SECONDS:
            self._free_at[address] = free_at + 1 / _A_SECOND
        return wait_seconds


async def _refuse(send: Send, status: int = 413, body: bytes = _TOO_LARGE) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
