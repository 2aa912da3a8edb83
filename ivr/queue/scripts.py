"""Lua commands: loaded once, called by hash, sent again when the server has forgotten them (restart, failover)."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ivr.errors import StoreUnavailable
from ivr.queue.keys import COMMAND_KEYS
from ivr.queue.order import Entry, entry_id

COMMAND_SECONDS = 2.0
"""The longest wait for a command; the store answers in less than a millisecond."""

_LUA = resources.files("ivr.queue") / "lua"


@asynccontextmanager
async def bounded(seconds: float) -> AsyncIterator[None]:
    """Let the store answer within so long; whatever keeps it from doing so becomes StoreUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisConnectionError, RedisTimeoutError, TimeoutError) as error:
        raise StoreUnavailable(f"the store does not answer: {error}", hint="see `ivr status`") from error


class Scripts:
    """The commands in `lua/`, by file name without suffix. `on_commit` is told each change that one of them made."""

    def __init__(self, redis: Redis, command_seconds: float = COMMAND_SECONDS) -> None:
        self._redis = redis
        self._command_seconds = command_seconds
        self.on_commit: Callable[[Entry], None] = lambda _entry: None
        prelude = (_LUA / "_prelude.lua").read_text(encoding="utf-8")
        self._texts = {
            name.removesuffix(".lua"): prelude + (_LUA / name).read_text(encoding="utf-8")
            for name in (entry.name for entry in _LUA.iterdir())
            if name.endswith(".lua") and not name.startswith("_")
        }
        self._hashes = {
            name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in self._texts.items()
        }

    async def run(self, command: str, *arguments: str | float) -> dict[str, Any]:
        """Run one command; the decoded answer. Raises StoreUnavailable."""
        count, parts = len(COMMAND_KEYS), (*COMMAND_KEYS, *arguments)
        async with bounded(self._command_seconds):
            try:
                reply = await self._redis.evalsha(self._hashes[command], count, *parts)
            except NoScriptError:
                reply = await self._redis.eval(self._texts[command], count, *parts)
        text, *committed = reply if isinstance(reply, list) else (reply,)
        if committed:
            entry, cause, rows = committed
            self.on_commit(Entry(entry_id(entry), cause.decode(), rows))
        answer: dict[str, Any] = json.loads(text)
        return answer
