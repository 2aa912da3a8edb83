"""How long what is kept, and the purge of everything older."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Protocol, cast

from redis.asyncio import Redis

from ivr.clock import Clock
from ivr.config import RetentionSettings
from ivr.journal import keys, person
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.recordings import Recordings

_DAY_SECONDS = 86_400.0
_AT_ONCE = 1_000
_NIGHT = time(3, 30)
_SETTLE_SECONDS = 60.0
_LONGEST_SLEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did: days moved to files; deleted audit entries, files, requests and recordings; calls made
    anonymous."""

    days: int
    audit: int
    calls: int
    files: int
    requests: int
    recordings: int


class OldRequests(Protocol):
    """The requests, as far as they grow old."""

    async def purge(self, before_personal: float, before: float) -> int:
        """Forget persons of before the first moment and requests of before the second; how many of those."""


async def purge(
    redis: Redis,
    archive: Archive,
    audit: AuditLog,
    requests: OldRequests,
    recordings: Recordings,
    retention: RetentionSettings,
    now_seconds: float,
    zone: tzinfo,
) -> Purged:
    """Do what the retention asks for at this moment; to be called once a day, again does no harm."""
    closed = await archive.close_days(now_seconds, retention.store)
    entries = await audit.purge(now_seconds - retention.audit * _DAY_SECONDS)
    personal = now_seconds - retention.personal * _DAY_SECONDS
    calls = await _forget_older(redis, personal)
    gone = await requests.purge(personal, now_seconds - retention.files * _DAY_SECONDS)
    today = datetime.fromtimestamp(now_seconds, zone).date()
    sounds = await asyncio.to_thread(recordings.purge, today - timedelta(days=retention.recordings))
    last = today - timedelta(days=retention.files)
    old = [day for day in archive.days() if day < last]
    for day in old:
        await asyncio.to_thread(archive.path(day).unlink, missing_ok=True)
    return Purged(len(closed), entries, calls, len(old), gone, sounds)


async def nights(
    clock: Clock, zone: tzinfo, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> AsyncGenerator[None]:
    """Yields soon after the start, for nights that were missed, and then every night at half past three."""
    await sleep(_SETTLE_SECONDS)
    yield
    while True:
        due = next_night(datetime.fromtimestamp(clock.wall(), zone)).timestamp()
        while (left := due - clock.wall()) > 0:
            await sleep(min(left, _LONGEST_SLEEP_SECONDS))  # the wall clock may be set meanwhile
        yield


def next_night(now: datetime) -> datetime:
    """The next half past three after `now`, in its zone."""
    tonight = now.replace(hour=_NIGHT.hour, minute=_NIGHT.minute, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)


async def _forget_older(redis: Redis, before_seconds: float) -> int:
    forgotten = 0
    while found := await redis.zrangebyscore(keys.KEYED, "-inf", f"({before_seconds}", start=0, num=_AT_ONCE):
        owners = [each if isinstance(each, str) else each.decode() for each in cast("list[bytes | str]", found)]
        await person.forget(redis, owners)
        await redis.srem(keys.ERASED, *owners)  # so old that nothing of theirs waits on a disk any more
        forgotten += len(owners)
    async for persons in redis.scan_iter(match=keys.person("*"), count=_AT_ONCE):
        await redis.zremrangebyscore(persons, "-inf", f"({before_seconds}")
    return forgotten
