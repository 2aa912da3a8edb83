"""What one controller has learnt, for the one after it."""

from __future__ import annotations

from redis.asyncio import Redis

from ivr.queue import keys
from ivr.queue.scripts import COMMAND_SECONDS, bounded


class Learning:
    """Both methods may raise StoreUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, learnt: str) -> None:
        """Let it outlive us."""
        async with bounded(COMMAND_SECONDS):
            await self._redis.set(keys.LEARNT, learnt)

    async def recall(self) -> str:
        """What was kept last; "" when nothing was."""
        async with bounded(COMMAND_SECONDS):
            kept = await self._redis.get(keys.LEARNT)
        return kept.decode() if isinstance(kept, bytes) else kept or ""
