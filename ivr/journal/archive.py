"""Closed days of the journal as compressed files, so that the store does not grow without end.

One file a day, `journal-2026-11-23.jsonl.gz`: one JSON object a record, which DuckDB (`read_json_auto`) and pandas
(`read_json(..., lines=True)`) open as they are. Personal facts stay sealed under the call's data key, which stays in
the store: erasing a person there erases them here too.
"""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import IO, Any, cast

import orjson
from redis.asyncio import Redis

from ivr.errors import IvrError
from ivr.journal import keys, wire
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record, from_mapping

_PAGE = 2_000
_Entry = tuple[bytes | str, dict[bytes | str, bytes | str]]


@dataclass(frozen=True, slots=True)
class ArchivedDay:
    """A day's file and what was moved into it."""

    day: date
    path: Path
    records: int
    calls: int


class Archive:
    """The files of one directory; days are those of `zone`, by the moment a record reached the store."""

    def __init__(self, redis: Redis, directory: Path, zone: tzinfo) -> None:
        self._redis = redis
        self._directory = directory
        self._zone = zone

    async def close_days(self, now_seconds: float, keep_days: int = 2) -> list[ArchivedDay]:
        """Move every day but today and the last `keep_days` from the store to files; again after a crash is safe."""
        last = datetime.fromtimestamp(now_seconds, self._zone).date() - timedelta(days=keep_days + 1)
        closed = []
        while (first := await self._first_day()) is not None and first <= last:
            closed.append(await self._close(first))
        return closed

    def days(self) -> list[date]:
        """Days that have a file, in order."""
        return sorted(date.fromisoformat(path.name[8:18]) for path in self._directory.glob("journal-*.jsonl.gz"))

    def read_day(self, day: date) -> Iterator[wire.Decoded]:
        """The day's records in order, one in memory at a time. Blocking."""
        try:
            with gzip.open(self.path(day), "rt", encoding="utf-8") as file:
                for line in file:
                    yield _decoded(line)
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise IvrError(
                f"the archive cannot be read: {error}", where=str(self.path(day)), hint="restore the file from a backup"
            ) from error

    async def read_call(self, reader: JournalReader, call: str, arrived_seconds: float) -> list[Record]:
        """An archived call's records; it may have gone on into the day after its arrival."""
        first = datetime.fromtimestamp(arrived_seconds, self._zone).date()
        days = [day for day in self.days() if first <= day <= first + timedelta(days=1)]
        found = [await asyncio.to_thread(self._of_call, day, call) for day in days]
        return await reader.opened([decoded for part in found for decoded in part])

    async def since(self, reader: JournalReader, begin_seconds: float, until: str = "+") -> AsyncGenerator[Record]:
        """All records made at `begin_seconds` or later, from the files and then, up to `until`, from the store."""
        begin = datetime.fromtimestamp(begin_seconds, self._zone).date()
        for day in self.days():
            if day >= begin:
                records = self.read_day(day)
                while page := await asyncio.to_thread(_next_page, records):
                    wanted = [each for each in page if each.record.wall_seconds >= begin_seconds]
                    for record in await reader.opened(wanted):
                        yield record
        async for record in reader.since(begin_seconds, until):
            yield record

    def path(self, day: date) -> Path:
        """Where the day's file is or will be."""
        return self._directory / f"journal-{day.isoformat()}.jsonl.gz"

    async def _first_day(self) -> date | None:
        first = cast("list[_Entry]", await self._redis.xrange(keys.STREAM, count=1))
        return datetime.fromtimestamp(_milliseconds(first[0]) / 1000, self._zone).date() if first else None

    async def _close(self, day: date) -> ArchivedDay:
        """Write the day to its file, then take it out of the store: after a crash in between this runs again."""
        end = datetime.combine(day + timedelta(days=1), time(), self._zone)
        before = f"{int(end.timestamp() * 1000)}"
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path(day).with_suffix(".part")
        records, calls = 0, set[str]()
        with await asyncio.to_thread(_create, fresh) as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6) as file:
                position = "-"
                while page := cast(
                    "list[_Entry]", await self._redis.xrange(keys.STREAM, position, f"({before}", count=_PAGE)
                ):
                    decoded = [_from_entry(entry) for entry in page]
                    await asyncio.to_thread(_write, file, page, decoded)
                    records += len(page)
                    calls |= {each.record.call for each in decoded if each.record.call}
                    position = f"({_text(page[-1][0])}"
            await asyncio.to_thread(_to_disk, raw)
        await asyncio.to_thread(fresh.replace, self.path(day))
        await self._forget(before, calls)
        return ArchivedDay(day, self.path(day), records, len(calls))

    async def _forget(self, before: str, calls: set[str]) -> None:
        """Take all records before that stream id out of the store; the calls' lists first, lest they point nowhere."""
        for call in calls:
            ids = [_text(each) for each in await self._redis.lrange(keys.call(call), 0, -1)]
            gone = sum(1 for each in ids if int(each.partition("-")[0]) < int(before))
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.ltrim(keys.call(call), gone, -1)
                if gone == len(ids):
                    pipeline.zrem(keys.CALLS, call)
                await pipeline.execute()
        await self._redis.xtrim(keys.STREAM, minid=before, approximate=False)

    def _of_call(self, day: date, call: str) -> list[wire.Decoded]:
        return [decoded for decoded in self.read_day(day) if decoded.record.call == call]


def _write(file: gzip.GzipFile, page: Sequence[_Entry], decoded: Sequence[wire.Decoded]) -> None:
    for (entry_id, _), each in zip(page, decoded, strict=True):
        record = each.record
        line = {
            "id": _text(entry_id),
            "at": datetime.fromtimestamp(record.wall_seconds).astimezone().isoformat(timespec="milliseconds"),
            "call": record.call,
            "sequence": record.sequence,
            "kind": record.kind,
            "path": record.path,
            "wall_seconds": record.wall_seconds,
            "monotonic_seconds": record.monotonic_seconds,
            "data": dict(record.data),
            "sealed": each.sealed,
            "owner": each.owner,
            "version": record.version,
        }
        file.write(orjson.dumps(line) + b"\n")


def _decoded(line: str) -> wire.Decoded:
    fields: dict[str, Any] = orjson.loads(line)
    record = from_mapping({**fields, "personal": {}})
    return wire.Decoded(record, fields["sealed"], fields["owner"])


def _next_page(records: Iterator[wire.Decoded]) -> list[wire.Decoded]:
    return [decoded for decoded, _ in zip(records, range(_PAGE), strict=False)]


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _from_entry(entry: _Entry) -> wire.Decoded:
    fields = {_text(name): _text(value) for name, value in entry[1].items()}
    return wire.decode(fields["call"], fields["kind"], fields["record"])


def _milliseconds(entry: _Entry) -> int:
    return int(_text(entry[0]).partition("-")[0])


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
