"""Closed days move into files: nothing lost on the way, and still readable there."""

from __future__ import annotations

import asyncio
import gzip
import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import redis.asyncio

from ivr.errors import IvrError
from ivr.journal import keys
from ivr.journal.archive import Archive
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal

ZONE = ZoneInfo("Europe/Moscow")


@pytest.fixture
def archive(store: redis.asyncio.Redis, tmp_path: Path) -> Archive:
    return Archive(store, tmp_path / "archive", ZONE)


def now() -> datetime:
    return datetime.now(ZONE)


async def write_calls(journal: Journal, *calls: str) -> None:
    for call in calls:
        journal.record(call, "arrived", data={"line": "1"}, personal={"caller": "+79161234512"})
        journal.record(call, "ended", data={"outcome": "left"})
    await journal.close()


async def test_a_closed_day_moves_whole(
    journal: Journal, archive: Archive, reader: JournalReader, store: redis.asyncio.Redis
) -> None:
    await write_calls(journal, "a", "b")
    before = await reader.read("a")

    (closed,) = await archive.close_days((now() + timedelta(days=3)).timestamp())

    assert (closed.day, closed.records, closed.calls) == (now().date(), 4, 2)
    assert await reader.read("a") == []
    assert await reader.calls() == []
    assert await store.xlen(keys.STREAM) == 0
    assert [key async for key in store.scan_iter("{ivr}:journal:call:*")] == []
    assert await archive.read_call(reader, "a", before[0].wall_seconds) == before
    assert [record.kind async for record in archive.since(reader, 0)] == ["arrived", "ended"] * 2


async def test_the_last_days_stay(journal: Journal, archive: Archive, reader: JournalReader) -> None:
    await write_calls(journal, "a")

    assert await archive.close_days((now() + timedelta(days=2)).timestamp()) == []
    assert len(await reader.read("a")) == 2


async def test_the_file_opens_as_lines_of_json_without_secrets(journal: Journal, archive: Archive) -> None:
    await write_calls(journal, "a")
    (closed,) = await archive.close_days((now() + timedelta(days=3)).timestamp())

    text = gzip.decompress(await asyncio.to_thread(closed.path.read_bytes)).decode()
    lines = [json.loads(line) for line in text.splitlines()]

    assert [line["kind"] for line in lines] == ["arrived", "ended"]
    assert lines[0]["data"] == {"line": "1"}
    assert "9161234512" not in text
    assert stat.S_IMODE((await asyncio.to_thread(closed.path.stat)).st_mode) == 0o600


async def test_a_crash_between_file_and_store_is_made_good(
    journal: Journal, archive: Archive, reader: JournalReader, store: redis.asyncio.Redis
) -> None:
    await write_calls(journal, "a", "b")
    kept = await store.dump(keys.STREAM)
    assert kept is not None
    await archive.close_days((now() + timedelta(days=3)).timestamp())
    await store.restore(keys.STREAM, 0, kept, replace=True)  # as if the trimming had not come about

    (again,) = await archive.close_days((now() + timedelta(days=3)).timestamp())

    assert again.records == 4
    assert [record.call async for record in archive.since(reader, 0)] == ["a", "a", "b", "b"]


async def test_a_call_over_midnight_is_read_from_both(
    journal: Journal, archive: Archive, reader: JournalReader, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    await write_calls(journal, "a")
    yesterday = int((now() - timedelta(days=5)).timestamp() * 1000)
    first, second = cast("list[tuple[bytes, dict[Any, Any]]]", await store.xrange(keys.STREAM))
    await store.delete(keys.STREAM, keys.call("a"))
    for (_, fields), entry_id in ((first, f"{yesterday}-0"), (second, f"{yesterday + 86_400_000}-0")):
        await store.xadd(keys.STREAM, fields, id=entry_id)
        await store.rpush(keys.call("a"), entry_id)

    closed = await archive.close_days((now() - timedelta(days=2)).timestamp())
    assert [day.records for day in closed] == [1]
    assert [record.kind for record in await reader.read("a")] == ["ended"]  # the first half is in the file
    closed = await archive.close_days(now().timestamp())
    assert [day.records for day in closed] == [1]

    found = await archive.read_call(reader, "a", yesterday / 1000)
    assert [record.kind for record in found] == ["arrived", "ended"]


async def test_a_damaged_file_is_a_sentence(journal: Journal, archive: Archive) -> None:
    await write_calls(journal, "a")
    (closed,) = await archive.close_days((now() + timedelta(days=3)).timestamp())
    whole = await asyncio.to_thread(closed.path.read_bytes)
    await asyncio.to_thread(closed.path.write_bytes, whole[:-20])

    with pytest.raises(IvrError, match="archive cannot be read"):
        list(archive.read_day(closed.day))
