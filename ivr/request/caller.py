"""What is known of a caller from earlier requests, found by the hash of the number."""

from __future__ import annotations

import asyncio

from redis.exceptions import RedisError

from ivr.call.events import CallId
from ivr.journal.privacy import Keyring
from ivr.request.store import RequestStore

_LONGEST_LOOK_SECONDS = 0.3  # the queue does not wait for a nicety
_LATEST = 3


class KnownCaller:
    """Fits `call.parts.CallerRecord`; `number` as signalled, "" when withheld."""

    def __init__(self, store: RequestStore, keyring: Keyring, call: CallId, number: str) -> None:
        self._store = store
        self._call = call
        self.token = keyring.person(number) if any(character.isdigit() for character in number) else ""

    async def known_operator(self) -> str:
        """Who dealt with this caller's last request."""
        if not self.token:
            return ""
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS):
                latest = await self._store.of_person(self.token, limit=_LATEST)
        except (RedisError, OSError, TimeoutError):
            return ""
        return next((request.operator for request in latest if request.call != self._call and request.operator), "")
