"""Rows and changes of the queue as Redis has them: what a view is built from, and the audit."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ivr.queue import keys, rows
from ivr.queue.model import AuditEntry, Change, QueuedOperator
from ivr.queue.order import Entry, entry_id
from ivr.queue.scripts import COMMAND_SECONDS, bounded

_BLOCK_SECONDS = 2.0  # only proves that the server is alive; changes come at once
_PAGE = 500


class QueueFeed:
    """Reads only. Every method may raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._seen = ""

    async def load(self) -> tuple[str, Change]:
        """All rows as one change, and the stream's position from which `follow` completes it.

        The position is taken first: changes made while the pages are read come again, and rows are whole, so applying
        them twice does no harm.
        """
        async with bounded(COMMAND_SECONDS):
            newest = await self._redis.xrevrange(keys.CHANGES, count=1)
        position = self._seen = _text(newest[0][0] or "0-0") if newest else "0-0"
        return position, Change(
            cause="load",
            calls=tuple(rows.call_row(row) for row in await self._rows(keys.CALLS)),
            operators=await self.operators(),
            queues=tuple(rows.queue_row(row) for row in await self._rows(keys.QUEUES)),
        )

    async def remembers(self) -> bool:
        """Whether the store still has the newest change that was seen here; False after it has lost data."""
        if self._seen in ("", "0-0"):
            return True
        async with bounded(COMMAND_SECONDS):
            return bool(await self._redis.xrange(keys.CHANGES, self._seen, self._seen))

    async def operators(self) -> tuple[QueuedOperator, ...]:
        """Rows of all operators who ever signed in."""
        return tuple(rows.operator_row(row) for row in await self._rows(keys.OPERATORS))

    async def follow(self, position: str) -> AsyncGenerator[list[Entry]]:
        """Changes after `position`, as they come, in the batches they come in, until the store is lost.

        The connection is its own and is not made anew: that would hide that the store may have lost data meanwhile.
        """
        async with bounded(COMMAND_SECONDS):
            client = await self._redis.client().initialize()
        connection = client.connection
        assert connection is not None
        before, connection.retry = connection.retry, Retry(NoBackoff(), 0)
        try:
            while True:
                async with bounded(_BLOCK_SECONDS + COMMAND_SECONDS):
                    reply = await client.xread({keys.CHANGES: position}, block=int(_BLOCK_SECONDS * 1000))
                for entries in _entries(reply):
                    position = self._seen = _text(entries[-1][0])
                    yield [Entry(entry_id(at), _text(fields[b"cause"]), fields[b"rows"]) for at, fields in entries]
        finally:
            connection.retry = before
            await client.aclose()

    async def audit(self, newest: int = 100) -> tuple[AuditEntry, ...]:
        """What ops did, newest first."""
        async with bounded(COMMAND_SECONDS):
            entries = await self._redis.xrevrange(keys.AUDIT, count=newest)
        return tuple(_audit_entry(fields) for _, fields in cast("list[tuple[bytes, dict[bytes, bytes]]]", entries))

    async def _rows(self, key: str) -> list[dict[str, Any]]:
        found: dict[Any, Any] = {}  # a scan may name a row twice
        cursor = None
        while cursor != 0:
            async with bounded(COMMAND_SECONDS):
                cursor, page = await self._redis.hscan(key, cursor or 0, count=_PAGE)
            found.update(cast("dict[Any, Any]", page))
        return [json.loads(value) for value in found.values()]


def _audit_entry(fields: dict[bytes, bytes]) -> AuditEntry:
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    return AuditEntry(float(texts["at"]), texts["by"], texts["action"], texts["subject"], texts["detail"])


def _entries(reply: Any) -> list[list[tuple[bytes, dict[bytes, bytes]]]]:
    """Non-empty batches of an XREAD reply, in either shape (list for RESP2, mapping for RESP3)."""
    streams = reply.values() if isinstance(reply, dict) else [entries for _, entries in reply or ()]
    return [entries for entries in streams if entries]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
