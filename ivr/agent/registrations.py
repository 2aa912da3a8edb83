"""SIP registrations of the agent's Asterisk, as they succeed or are refused.

Asterisk reports them on its manager interface only; of that, this module reads just enough.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from ivr.errors import AsteriskUnavailable

_ANSWER_SECONDS = 5.0
_END = b"\r\n\r\n"


class Registrations:
    """The manager connection of one Asterisk; `async with` opens and closes it."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._port = port
        self._login = f"Action: Login\r\nUsername: {user}\r\nSecret: {password}\r\n\r\n".encode()
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                stream, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                await stream.readline()  # the greeting
                self._writer.write(self._login)
                answer = message(await stream.readuntil(_END))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise AsteriskUnavailable("no answer on the manager interface", where=f"127.0.0.1:{self._port}") from error
        if answer.get("Response") != "Success":
            raise AsteriskUnavailable(
                f"the manager interface refused us: {answer.get('Message', '')}", where=f"127.0.0.1:{self._port}"
            )
        self._reader = asyncio.create_task(self._read(stream))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._writer is not None:
            self._writer.close()

    def expect(self, address: str) -> asyncio.Future[str]:
        """The next news about the registration of this SIP address: `Registered`, `Rejected` or `Unregistered`."""
        news = self._waiting[address] = asyncio.get_running_loop().create_future()
        return news

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                event = message(await stream.readuntil(_END))
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return  # whoever waits for news has a timeout
            if event.get("Event") == "Registry":
                news = self._waiting.pop(event.get("Username", ""), None)
                if news is not None and not news.done():
                    news.set_result(event.get("Status", ""))


def message(block: bytes) -> dict[str, str]:
    """Read one message of the manager interface: lines of `Name: value`."""
    pairs = (line.partition(": ") for line in block.decode(errors="replace").splitlines())
    return {name: value for name, separator, value in pairs if separator}
