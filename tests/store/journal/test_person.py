"""A person's rights, and retention with the clock moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import redis.asyncio

from ivr.call.identity import new_call_id
from ivr.clock import SystemClock
from ivr.config import RetentionSettings
from ivr.journal import keys
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.person import Persons, PersonUnknown
from ivr.journal.privacy import Keyring, new_data_key
from ivr.journal.reader import JournalReader
from ivr.journal.recordings import Recordings
from ivr.journal.retention import purge
from ivr.journal.stream import Journal
from ivr.request.store import RequestStore

ZONE = ZoneInfo("Europe/Moscow")
NUMBER = "+79161234512"
DAY = timedelta(days=1).total_seconds()


@pytest.fixture
def archive(store: redis.asyncio.Redis, tmp_path: Path) -> Archive:
    return Archive(store, tmp_path / "archive", ZONE)


@pytest.fixture
def audit(store: redis.asyncio.Redis, keyring: Keyring) -> AuditLog:
    return AuditLog(store, keyring, SystemClock())


@pytest.fixture
def persons(
    store: redis.asyncio.Redis, keyring: Keyring, journal: Journal, archive: Archive, audit: AuditLog
) -> Persons:
    return Persons(store, keyring, journal, archive, audit, RequestStore(store))


async def two_people(journal: Journal) -> None:
    for call, number in (("a", NUMBER), ("b", "+79990000000"), ("c", "8 916 123 45 12")):
        journal.record(call, "arrived", data={"line": "1"}, personal={"caller": number})
        journal.record(call, "heard", personal={"text": f"меня зовут {call}"})
        journal.record(call, "ended", data={"outcome": "left"})
    await journal.close()


def recording_at(wall_seconds: float, folder: Path) -> tuple[Path, Recordings]:
    """A sealed recording of a call that arrived then."""
    call, plain, recordings = new_call_id(wall_seconds, 1), folder / "plain.sln", Recordings(folder / "recordings")
    plain.write_bytes(bytes(16000))
    recordings.seal(call, new_data_key(), plain)
    return recordings.path(call), recordings


async def test_erasing_a_person_takes_their_recordings_along(
    journal: Journal, archive: Archive, audit: AuditLog, store: redis.asyncio.Redis, keyring: Keyring, tmp_path: Path
) -> None:
    recorded, recordings = recording_at(SystemClock().wall(), tmp_path)
    journal.record(recorded.stem, "arrived", data={"line": "1"}, personal={"caller": NUMBER})
    await journal.settled()
    await Persons(store, keyring, journal, archive, audit, recordings=recordings).erase("olga", NUMBER)
    assert not await asyncio.to_thread(recorded.exists)


async def test_export_is_complete_and_only_theirs(journal: Journal, persons: Persons, audit: AuditLog) -> None:
    await two_people(journal)

    held = await persons.export("olga", "8 (916) 123-45-12")

    assert sorted(held) == ["a", "c"]
    assert held["a"][0].personal == {"caller": NUMBER}
    assert held["a"][1].personal == {"text": "меня зовут a"}
    (entry,) = [entry async for entry in audit.entries()]
    assert (entry.who, entry.action, entry.facts) == ("olga", "person_export", {"calls": "2"})
    assert "916" not in entry.subject


async def test_erasure_reaches_store_archive_and_what_waits_on_disk(
    journal: Journal,
    new_journal: Callable[..., Journal],
    persons: Persons,
    archive: Archive,
    reader: JournalReader,
    store: redis.asyncio.Redis,
) -> None:
    await two_people(journal)
    kept = await reader.read("b")
    backup = await store.hgetall(keys.DATA_KEYS)
    arrived = (await reader.read("a"))[0].wall_seconds

    assert await persons.erase("olga", NUMBER) == 2

    assert [record.personal for record in await reader.read("a")] == [{"sealed": "(erased)"}] * 2 + [{}]
    assert await reader.read("b") == kept
    with pytest.raises(PersonUnknown):
        await persons.export("olga", NUMBER)
    await archive.close_days(arrived + 5 * DAY)
    archived = await archive.read_call(reader, "a", arrived)
    assert archived[1].personal == {"sealed": "(erased)"}
    assert b"a" in backup

    late = new_journal()  # records of the call that had waited on a disk meanwhile
    await late.start()
    late.record("a", "heard", personal={"text": "меня зовут a"})
    await late.close()
    assert await store.hget(keys.DATA_KEYS, "a") is None


async def test_a_correction_stands_beside_what_it_corrects(
    journal: Journal, persons: Persons, reader: JournalReader, new_journal: Callable[..., Journal],
    store: redis.asyncio.Redis, keyring: Keyring, archive: Archive, audit: AuditLog,
) -> None:  # fmt: skip
    await two_people(journal)
    writer = new_journal()
    await writer.start()
    await Persons(store, keyring, writer, archive, audit).correct("olga", "a", 2, "text", "меня зовут Анна")
    await writer.close()

    last = (await reader.read("a"))[-1]
    assert (last.kind, last.sequence, last.data) == ("corrected", 4, {"of": 2, "fact": "text"})
    assert last.personal == {"value": "меня зовут Анна"}


async def test_retention_with_a_moved_clock(
    journal: Journal,
    archive: Archive,
    audit: AuditLog,
    reader: JournalReader,
    store: redis.asyncio.Redis,
    tmp_path: Path,
) -> None:
    await two_people(journal)
    await audit.note("olga", "read_call", "a")
    now = (await reader.read("a"))[0].wall_seconds
    keep = RetentionSettings(store=2, audit=30, recordings=60, personal=100, files=200)
    recorded, recordings = recording_at(now, tmp_path)

    async def after(days: float) -> tuple[int, int, int, int]:
        done = await purge(store, archive, audit, RequestStore(store), recordings, keep, now + days * DAY, ZONE)
        return done.days, done.audit, done.calls, done.files

    assert await after(1) == (0, 0, 0, 0)
    assert await after(4) == (1, 0, 0, 0)
    assert (await archive.read_call(reader, "a", now))[0].personal == {"caller": NUMBER}
    assert (await after(31))[1] == 1
    assert (await audit.verify()).broken == ""
    await after(59)
    assert await asyncio.to_thread(recorded.exists)
    await after(62)
    assert not await asyncio.to_thread(recorded.exists)
    assert (await after(99))[2] == 0
    assert (await after(101))[2] == 3
    archived = await archive.read_call(reader, "a", now)
    assert archived[0].personal == {"sealed": "(erased)"}
    assert archived[0].data == {"line": "1"}
    assert (await after(199))[3] == 0
    assert (await after(202))[3] == 1
    assert archive.days() == []
