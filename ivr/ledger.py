"""The hotline's ledger: every step of every call is written down here, counted, and told to whoever follows.

Around the journal stand those that live from it: the day's figures, requests, incidents, and the nightly house-keeping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ivr.call.events import CallId
from ivr.clock import Clock
from ivr.errors import IvrError
from ivr.hours import Hours
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.fold import CallState, fold
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Value
from ivr.journal.recordings import Recordings
from ivr.journal.retention import nights, purge
from ivr.journal.stream import Journal
from ivr.request.clerk import Clerk
from ivr.request.model import Request
from ivr.request.store import RequestStore
from ivr.stats.incident import Usual
from ivr.stats.meters import Meters
from ivr.stats.today import Today
from ivr.stats.watch import LEARNING_SECONDS, IncidentWatch
from ivr.wiring import Wiring

log = structlog.get_logger()

ZONE = ZoneInfo("Europe/Moscow")
_COUNT_AGAIN_SECONDS = 1.0
_LONGEST_OUTAGE_SECONDS = 7200.0
_MOST_UNFINISHED = 5000
_OFFICE_HOURS = Hours(weekdays=((9 * 60, 18 * 60),), holidays=(), time_zone="Europe/Moscow")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Ledger:
    """Made before the event loop needs it; `start` before the first `record`, `duties` beside it, `close` after."""

    def __init__(self, redis: Redis, keyring: Keyring, clock: Clock, wiring: Wiring) -> None:
        self._redis = redis
        self._keyring = keyring
        self._clock = clock
        self._retention = wiring.retention
        self._archive = Archive(redis, wiring.archive, ZONE)
        self.recordings = Recordings(wiring.recordings)
        self.journal = Journal(redis, clock, keyring, wiring.spool)
        self.reader = JournalReader(redis, keyring)
        self.audit = AuditLog(redis, keyring, clock)
        self.requests = RequestStore(redis)
        self.clerk = Clerk(self.requests, keyring, clock, _OFFICE_HOURS, ZONE, self._record_facts)
        self.incidents = IncidentWatch(Usual(), clock, ZONE, lambda kind, data: self.record("", kind, data=data))
        self.meters = Meters()
        self.today = Today(ZONE, clock.wall())
        self.started_at = clock.wall()
        self._uncounted: list[tuple[str, str, Mapping[str, Value], float]] | None = []
        self.followers: list[Callable[[str, str, Mapping[str, Value]], None]] = []
        """Told of each step by call, kind and facts; must not block."""

    async def start(self) -> None:
        self.started_at = self._clock.wall()
        await self.journal.start()

    async def close(self) -> None:
        await self.journal.close()

    def duties(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What has to run beside the calls, from the start to the end."""
        return (
            self._count_day(),
            self.clerk.run(),
            self._make_up_requests(),
            self._watch_for_incidents(),
            self._keep_house(),
        )

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Value] = _NOTHING,
        personal: Mapping[str, str] = _NOTHING,
    ) -> None:
        """Write one step down, count it, and let the followers know; never blocks."""
        self.journal.record(call, kind, path, data, personal)
        taken = call, kind, data, self._clock.wall()
        if self._uncounted is None:
            self.today.take(*taken)
        else:
            self._uncounted.append(taken)
        self.meters.take(*taken)
        self.clerk.observe(call, kind, data, personal)
        self.incidents.observe(kind, data)
        for follow in self.followers:
            follow(call, kind, data)

    async def resume(self, call: CallId) -> CallState:
        """Go on with the journal of a call that another controller began; how the call stands by its records."""
        await self.journal.resume(call)
        return fold(await self.reader.read(call))

    async def close_unfinished(self, going_on: AbstractSet[CallId]) -> None:
        """Journals of calls that ended with their controller get their last record."""
        since = self._clock.wall() - _LONGEST_OUTAGE_SECONDS
        for name in await self.reader.calls(since_seconds=since, limit=_MOST_UNFINISHED):
            call = CallId(name)
            records = await self.reader.read(call)
            began_before_us = records and records[0].wall_seconds < self.started_at
            if began_before_us and call not in going_on and not any(record.kind == "ended" for record in records):
                await self.journal.resume(call)
                self.record(call, "ended", data={"outcome": "failed", "reason": "controller_died"})

    async def requests_due(self, within_seconds: float) -> Sequence[Request]:
        """Requests with a deadline until then, earliest first; asks until the store answers."""
        while True:
            try:
                due = await self.requests.due(self._clock.wall() + within_seconds, limit=_MOST_UNFINISHED)
                return [await self.requests.get(number) for number in due]
            except (RedisError, OSError):
                await asyncio.sleep(_COUNT_AGAIN_SECONDS)

    def seal(self, call: str, personal: Mapping[str, str], context: str) -> str:
        """Seal what is kept beside the journal under the call's own key."""
        return self.journal.seal(call, personal, context)

    async def unseal(self, call: str, sealed: str, context: str) -> Mapping[str, str]:
        """What `seal` sealed."""
        return await self.journal.unseal(call, sealed, context)

    def _record_facts(self, call: str, kind: str, data: Mapping[str, Value]) -> None:
        self.record(call, kind, data=data)

    async def _make_up_requests(self) -> None:
        """Steps of calls that an earlier controller wrote down and then died before their requests had them."""
        await self.journal.caught_up()
        await self.clerk.catch_up(JournalReader(self._redis, self._keyring, reveal=True))

    async def _count_day(self) -> None:
        """Count what the journal already has of today; what comes meanwhile is counted after it, in order."""
        while True:
            counted = Today(ZONE, self._clock.wall())
            try:
                async for record in self.reader.since(counted.midnight):
                    if record.wall_seconds < self.started_at:
                        counted.take(record.call, record.kind, record.data, record.wall_seconds)
            except (RedisError, OSError):
                await asyncio.sleep(_COUNT_AGAIN_SECONDS)
            else:
                self.today = counted
                break
        uncounted, self._uncounted = self._uncounted, None
        for taken in uncounted or ():
            self.today.take(*taken)

    async def _watch_for_incidents(self) -> None:
        """Learn what is usual and what is under way from the days that the store still has, then keep looking."""
        await self.journal.caught_up()
        known = JournalReader(self._redis, None).since(self.today.midnight - LEARNING_SECONDS)
        await self.incidents.resume(known, self.today.midnight)
        await self.incidents.run()

    async def _keep_house(self) -> None:
        """Every night: closed days to files, what is older than it may be deleted, what is usual learnt anew."""
        async for _ in nights(self._clock, ZONE):
            now = self._clock.wall()
            try:
                done = await purge(
                    self._redis, self._archive, self.audit, self.requests, self.recordings, self._retention, now, ZONE
                )
                log.info("purged", **asdict(done))
                self.today.turn(now)
                known = self._archive.since(JournalReader(self._redis, None), self.today.midnight - LEARNING_SECONDS)
                await self.incidents.learn(known, self.today.midnight)
            except (RedisError, OSError, IvrError) as error:
                log.warning("purge_failed", reason=f"{type(error).__name__}: {error}")
