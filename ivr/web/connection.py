"""One connection of the web server: what it may cost before its request is there.

Whoever opens connections and says nothing, or one letter a second, would else hold them, and with them the process's
file descriptors, for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REQUEST_SECONDS = 15.0
MOST_CONNECTIONS = 512
MOST_OF_ONE_ADDRESS = 256
_STILL_TO_COME = (h11.IDLE, h11.SEND_BODY)


class Connection(H11Protocol):
    """Is closed when a request is not there as a whole `REQUEST_SECONDS` after its beginning."""

    request_seconds: ClassVar[float] = REQUEST_SECONDS
    _open: ClassVar[Counter[str]] = Counter()

    _waiting: asyncio.TimerHandle | None = None
    _address: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        address = str((transport.get_extra_info("peername") or ("",))[0])
        if len(self.connections) >= MOST_CONNECTIONS or self._open[address] >= MOST_OF_ONE_ADDRESS:
            self.transport = transport  # the rest of uvicorn never sees it
            transport.abort()
            return
        self._address = address
        self._open[address] += 1
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._address is None:
            return
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._address is None:
            return
        super().data_received(data)
        self._await_request()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Its request is there, and it is another protocol's from here on."""
        self._forget()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_request()

    def _await_request(self) -> None:
        """A letter more does not earn more time; between two requests uvicorn's own limit counts."""
        if self._address is None:
            return
        if self.conn.their_state not in _STILL_TO_COME or self.timeout_keep_alive_task is not None:
            self._stop_waiting()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.request_seconds, self.transport.abort)

    def _forget(self) -> None:
        address, self._address = self._address, None
        self._open[address or ""] -= 1
        if not self._open[address or ""]:
            del self._open[address or ""]
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket that is refused, or spoken to too early, without uvicorn taking either for a defect to be logged."""

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            self.transport.abort()  # no browser sends frames before we have agreed to take them
        else:
            super().data_received(data)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # by an answer in words
