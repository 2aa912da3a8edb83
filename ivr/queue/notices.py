"""What ops want every caller to hear before the menu, such as an outage: switched on and off while calls come in.

It is kept in the store, so that it outlives a restart and every controller knows it. Each switch goes into the audit
log first. A notice may end by itself: forgotten ones tell callers of outages that are long mended.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ivr.clock import Clock
from ivr.journal.audit import AuditLog
from ivr.queue import keys

_BLOCK_MILLISECONDS = 5000
_AWAY_SECONDS = 1.0
_CHANGES_KEPT = 100

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Notice:
    """A prompt that all callers hear: switched on `by` whom, `at` when, `until` when (Unix seconds; 0: until off)."""

    prompt: str
    by: str
    at: float
    until: float = 0.0


class NoticeBoard:
    """`on` is what callers hear now, as of the last change; `run` follows the changes as a task."""

    def __init__(self, redis: Redis, audit: AuditLog, clock: Clock) -> None:
        self._redis = redis
        self._audit = audit
        self._clock = clock
        self._notices: tuple[Notice, ...] = ()

    @property
    def on(self) -> Sequence[Notice]:
        """The notices in force, the oldest first."""
        now = self._clock.wall()
        return tuple(notice for notice in self._notices if not notice.until or now < notice.until)

    async def load(self) -> Sequence[Notice]:
        """Read the store; answers what is on."""
        found = cast("Mapping[bytes, bytes]", await self._redis.hgetall(keys.NOTICES))
        notices = [Notice(**json.loads(row)) for row in found.values()]
        self._notices = tuple(sorted(notices, key=lambda notice: notice.at))
        return self.on

    async def switch_on(self, prompt: str, who: str, seconds: float = 0.0) -> Notice:
        """Let every caller hear it from the next call on; for so long, when `seconds` are given."""
        await self._audit.note(who, "notice_on", prompt, {"seconds": f"{seconds:g}"} if seconds else None)
        now = self._clock.wall()
        notice = Notice(prompt, who, now, now + seconds if seconds else 0.0)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.NOTICES, prompt, json.dumps(asdict(notice)))
            pipeline.xadd(keys.NOTICE_CHANGES, {"on": prompt}, maxlen=_CHANGES_KEPT)
            await pipeline.execute()
        return notice

    async def switch_off(self, prompt: str, who: str) -> bool:
        """Nobody hears it any more; False when it was not on."""
        await self._audit.note(who, "notice_off", prompt)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hdel(keys.NOTICES, prompt)
            pipeline.xadd(keys.NOTICE_CHANGES, {"off": prompt}, maxlen=_CHANGES_KEPT)
            gone, _ = await pipeline.execute()
        return bool(gone)

    async def run(self) -> None:
        """Know of each change as it happens, until cancelled."""
        position = "$"
        while True:
            try:
                if position == "$":
                    last = await self._redis.xrevrange(keys.NOTICE_CHANGES, count=1)
                    position = cast("list[tuple[bytes, object]]", last)[0][0].decode() if last else "0"
                    await self.load()
                news = await self._redis.xread({keys.NOTICE_CHANGES: position}, block=_BLOCK_MILLISECONDS)
                if news:
                    position = "$"
            except (RedisError, OSError) as error:
                log.warning("notices_wait_for_the_store", reason=type(error).__name__)
                position = "$"
                await asyncio.sleep(_AWAY_SECONDS)
