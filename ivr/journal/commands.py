"""`ivr trace` and `ivr journal`: the story of one call, and everything as it happens.

Plain coroutines over an open store; the command line wraps them.
"""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, tzinfo

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.clock import SystemClock
from ivr.errors import IvrError
from ivr.journal import record as mappings
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.journal.story import sentence

_COLOURS = {
    "arrived": "bold",
    "heard": "cyan",
    "key": "cyan",
    "topic": "magenta",
    "queued": "yellow",
    "offered": "yellow",
    "connected": "bold green",
    "left": "red",
    "failed": "bold red",
    "part_lost": "bold red",
    "speech_lost": "red",
    "queue_refused": "red",
    "ended": "bold",
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


async def trace(
    redis: Redis,
    keyring: Keyring,
    call: str,
    out: Console,
    zone: tzinfo,
    *,
    as_json: bool = False,
    reveal: bool = False,
    archive: Archive | None = None,
    arrived_seconds: float | None = None,
) -> None:
    """Tell the story of one call; IvrError when the journal knows no such call. The latest calls are suggested.

    With `archive` and the moment of arrival (Unix time) also calls of closed days are found.
    """
    reader = await _reader(redis, keyring, call, reveal=reveal)
    found = await reader.read(call)
    if archive is not None and arrived_seconds is not None and (not found or found[0].sequence > 1):
        found = [*await archive.read_call(reader, call, arrived_seconds), *found]
    if not found:
        latest = await reader.calls(limit=3)
        hint = f"the latest calls are {', '.join(latest)}" if latest else "no call has come in yet"
        raise IvrError(f"the journal knows no call {call!r}", hint=hint)
    if as_json:
        _print_json(out, found)
    else:
        out.print(_story(found, zone))


async def journal(
    redis: Redis,
    keyring: Keyring,
    out: Console,
    zone: tzinfo,
    now_seconds: float,
    *,
    since: str = "1h",
    topic: str = "",
    follow: bool = False,
    as_json: bool = False,
    reveal: bool = False,
    archive: Archive | None = None,
) -> None:
    """Print records since a time, of calls of one topic if asked, and with `follow` every later one until stopped.

    With `archive` also those of closed days.
    """
    reader = await _reader(redis, keyring, "", reveal=reveal)
    start = since_seconds(since, now_seconds, zone)
    async with aclosing(_chosen(reader, archive, start, topic, follow=follow)) as chosen:
        async for record in chosen:
            if as_json:
                _print_json(out, [record])
            else:
                out.print(_line(record, zone), soft_wrap=True)


async def _reader(redis: Redis, keyring: Keyring, call: str, *, reveal: bool) -> JournalReader:
    """Nobody looks at personal data without the audit log knowing first who."""
    if reveal:
        await AuditLog(redis, keyring, SystemClock()).note(getpass.getuser(), "reveal_call", call or "all calls")
    return JournalReader(redis, keyring, reveal=reveal)


def since_seconds(text: str, now_seconds: float, zone: tzinfo) -> float:
    """Unix seconds of `90s`, `15m`, `2h`, `7d` ago, or of a date or time like `2026-11-22` or `2026-11-22T09:30`."""
    if match := re.fullmatch(r"(\d+)([smhd])", text):
        return now_seconds - int(match[1]) * _UNITS[match[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise IvrError(
            f"--since does not understand {text!r}", hint="write 90s, 15m, 2h, 7d, 2026-11-22 or 2026-11-22T09:30"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


async def _chosen(
    reader: JournalReader, archive: Archive | None, start: float, topic: str, *, follow: bool
) -> AsyncGenerator[Record]:
    """Records since `start`; with `topic` only of calls of that topic, each from the record that found it."""
    of_topic: set[str] = set()

    def wanted(record: Record) -> bool:
        if topic and record.data.get("topic") == topic and record.call:
            of_topic.add(record.call)
        return not topic or record.call in of_topic

    position = await reader.position() if follow else "+"  # where the past ends and following begins
    past = archive.since(reader, start, until=position) if archive else reader.since(start, until=position)
    async with aclosing(past) as records:
        async for record in records:
            if wanted(record):
                yield record
    if follow:
        async with aclosing(reader.follow(position)) as later:
            async for record in later:
                if wanted(record):
                    yield record


def _story(found: Sequence[Record], zone: tzinfo) -> Table:
    first = found[0]
    day = datetime.fromtimestamp(first.wall_seconds, zone)
    table = Table(title=f"Call {first.call} · {day:%Y-%m-%d %Z}", title_justify="left", box=None, pad_edge=False)
    table.add_column("time", style="dim")
    table.add_column("+ s", justify="right", style="dim")
    table.add_column("step")
    table.add_column("what happened", ratio=1)
    table.add_column("plan", style="dim")
    for record in found:
        since = record.wall_seconds - first.wall_seconds
        moment = datetime.fromtimestamp(record.wall_seconds, zone)
        step = Text(record.kind, _COLOURS.get(record.kind, ""))
        table.add_row(f"{moment:%H:%M:%S}", f"{since:.2f}", step, Text(sentence(record)), Text(record.path))
    return table


def _line(record: Record, zone: tzinfo) -> Text:
    moment = datetime.fromtimestamp(record.wall_seconds, zone)
    return Text.assemble(
        (f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03} ", "dim"),
        (f"{record.call or '-':12} ", "blue"),
        (f"{record.kind:14} ", _COLOURS.get(record.kind, "")),
        sentence(record),
    )


def _print_json(out: Console, found: Sequence[Record]) -> None:
    for record in found:
        fields = mappings.to_mapping(record)
        fields["at"] = datetime.fromtimestamp(record.wall_seconds, UTC).isoformat(timespec="milliseconds")
        out.file.write(json.dumps(fields, ensure_ascii=False) + "\n")
    out.file.flush()
