"""What is held on one person, found by their number: told, corrected, erased."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, cast

from redis.asyncio import Redis

from ivr.errors import IvrError
from ivr.journal import keys
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.journal.recordings import Recordings
from ivr.journal.stream import Journal


class PersonalRequests(Protocol):
    """The requests, as far as they know a person."""

    async def forget_person(self, person: str) -> int:
        """No request knows this person any more; returns how many did."""


class PersonUnknown(IvrError):
    """Nothing is held on this number."""


class Persons:
    """Every use is written to the audit log first, under the name of whoever asks (`who`)."""

    def __init__(
        self,
        redis: Redis,
        keyring: Keyring,
        journal: Journal,
        archive: Archive,
        audit: AuditLog,
        requests: PersonalRequests | None = None,
        recordings: Recordings | None = None,
    ) -> None:
        self._redis = redis
        self._keyring = keyring
        self._journal = journal
        self._archive = archive
        self._audit = audit
        self._requests = requests
        self._recordings = recordings
        self._reader = JournalReader(redis, keyring, reveal=True)

    async def export(self, who: str, number: str) -> dict[str, list[Record]]:
        """All records of all calls of this number, in full, archived days included; PersonUnknown when it has none."""
        person = self._keyring.person(number)
        calls = await self._calls(person)
        await self._audit.note(who, "person_export", person, {"calls": str(len(calls))})
        return {
            call: [*await self._archive.read_call(self._reader, call, arrived), *await self._reader.read(call)]
            for call, arrived in calls
        }

    async def correct(self, who: str, call: str, sequence: int, fact: str, value: str) -> None:
        """Note what a personal fact of a record should read; the record itself stays, for nothing is rewritten."""
        await self._audit.note(who, "person_correct", call, {"sequence": str(sequence), "fact": fact})
        await self._journal.resume(call)
        self._journal.record(call, "corrected", data={"of": sequence, "fact": fact}, personal={"value": value})

    async def erase(self, who: str, number: str) -> int:
        """Make everything personal of this number's calls unreadable for good; returns how many calls it was.

        Their data keys are deleted: records, archives and backups keep what happened, but not to whom. So are their
        recordings.
        """
        person = self._keyring.person(number)
        calls = [call for call, _ in await self._calls(person)]
        await self._audit.note(who, "person_erase", person, {"calls": str(len(calls))})
        await forget(self._redis, calls)
        await self._redis.delete(keys.person(person))
        if self._requests is not None:
            await self._requests.forget_person(person)
        if self._recordings is not None:
            await asyncio.to_thread(self._recordings.remove, calls)
        self._journal.record("", "person_erased", data={"calls": len(calls)})
        return len(calls)

    async def _calls(self, person: str) -> list[tuple[str, float]]:
        found = await self._redis.zrange(keys.person(person), 0, -1, withscores=True)
        calls = [
            (call if isinstance(call, str) else call.decode(), score)
            for call, score in cast("list[tuple[bytes | str, float]]", found)
        ]
        if not calls:
            raise PersonUnknown("nothing is held on this number", hint="write it as +7 and ten digits")
        return calls


async def forget(redis: Redis, calls: Sequence[str]) -> None:
    """Delete the calls' data keys, for good."""
    if not calls:
        return
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.sadd(keys.ERASED, *calls)
        pipeline.hdel(keys.DATA_KEYS, *calls)
        pipeline.zrem(keys.KEYED, *calls)
        await pipeline.execute()
