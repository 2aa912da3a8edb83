"""Which controllers are there: each says so again and again, and whoever has died falls silent."""

from __future__ import annotations

from collections.abc import Collection

from redis.asyncio import Redis

from ivr.queue import keys
from ivr.queue.scripts import COMMAND_SECONDS, bounded

_HERE_MILLISECONDS = 6000  # told at least every 2.5 s


class Presence:
    """Both methods may raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def tell(self, controller: str) -> None:
        """The controller is there."""
        async with bounded(COMMAND_SECONDS):
            await self._redis.set(keys.here(controller), 1, px=_HERE_MILLISECONDS)

    async def silent(self, controllers: Collection[str]) -> frozenset[str]:
        """Those of the controllers that have not told for 6 s, or since the store has lost its data."""
        names = tuple(controllers)
        if not names:
            return frozenset()
        async with bounded(COMMAND_SECONDS):
            told = await self._redis.mget([keys.here(name) for name in names])
        return frozenset(name for name, here in zip(names, told, strict=True) if here is None)
