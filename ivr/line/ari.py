"""A small client of Asterisk's REST interface (ARI): requests over kept-alive HTTP, events over one WebSocket.

Requests go by HTTP and not over the event socket, so that a slow one holds up no other and Asterisk 20, which knows
no REST over WebSocket, serves as well; a request costs 0.1 ms either way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp
import structlog

from ivr.errors import AsteriskRefused, AsteriskUnavailable

log = structlog.get_logger()

Frame = Mapping[str, Any]
"""One event as Asterisk sends it: a JSON object with at least `type`."""

_REQUEST_SECONDS = 5.0
_HEARTBEAT_SECONDS = 5.0  # a half-open socket is noticed within twice this
_LONGEST_FRAME_BYTES = 4 * 1024 * 1024


class Ari(Protocol):
    """What the line needs of Asterisk; the real one is `AriClient`, the scripted one `fake.FakeAsterisk`."""

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int) -> Any:
        """Carry out one request such as `("POST", "channels/x/answer")`; the decoded JSON answer, or None.

        Raises `AsteriskRefused` on an error status and `AsteriskUnavailable` when there is no answer in 5 s.
        """
        ...

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[Frame]]:
        """Open the event socket; the iterator ends with `AsteriskUnavailable` when the socket is gone."""
        ...


class AriClient:
    """One application's connection to one Asterisk; requests are made inside `async with`.

    `address`: such as `http://127.0.0.1:8088`, without a path. Events have a connection of their own (`events`), which
    may be lost and opened again while requests go on.
    """

    def __init__(self, address: str, user: str, password: str, application: str) -> None:
        self._address = address.rstrip("/")
        self._user = user
        self._password = password
        self._application = application
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            f"{self._address}/ari/",
            headers={"Authorization": aiohttp.encode_basic_auth(self._user, self._password)},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int) -> Any:
        assert self._http is not None, "requests are made inside `async with`"
        try:
            async with self._http.request(method, path, params=query, json=body) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AsteriskUnavailable(f"no answer to {method} {path}: {error!r}", where=self._address) from error
        if answer.status >= 400:
            raise AsteriskRefused(f"{method} {path}", answer.status, text[:200])
        return json.loads(text) if text else None

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Frame]]:
        assert self._http is not None, "events are read inside `async with`"
        try:
            socket = await self._http.ws_connect(
                "events",
                params={"app": self._application},
                heartbeat=_HEARTBEAT_SECONDS,
                max_msg_size=_LONGEST_FRAME_BYTES,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AsteriskUnavailable(
                f"no event socket: {error}",
                where=self._address,
                hint="is Asterisk running, and do the ARI user and password match its ari.conf?",
            ) from error
        async with socket:
            yield self._frames(socket)

    async def _frames(self, socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Frame]:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                frame = decode_frame(message.data)
                if frame is not None:
                    yield frame
            elif message.type is aiohttp.WSMsgType.ERROR:
                break
        raise AsteriskUnavailable("the event socket was closed", where=self._address)


def decode_frame(text: str) -> Frame | None:
    """Parse one event; None (and a log line) for anything that is not a JSON object with a `type`."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        frame = None
    if isinstance(frame, dict) and isinstance(frame.get("type"), str):
        return frame
    log.warning("ari_frame_unreadable", length=len(text))
    return None


async def wait_for_ari(address: str, user: str, password: str, seconds: float) -> None:
    """Return once Asterisk answers ARI requests; `AsteriskUnavailable` when it does not within `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    timeout = aiohttp.ClientTimeout(total=1.0)
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
        while True:
            try:
                async with http.get(f"{address.rstrip('/')}/ari/asterisk/ping") as answer:
                    if answer.status == 200:
                        return
                    reason = f"status {answer.status}"
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
            if asyncio.get_running_loop().time() > deadline:
                raise AsteriskUnavailable(f"no answer to a ping in {seconds:g} s ({reason})", where=address)
            await asyncio.sleep(0.05)  # Asterisk announces its HTTP port to nobody: asking is the only way
