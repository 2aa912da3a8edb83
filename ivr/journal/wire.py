"""How records travel to the store: one record as text, many as a numbered batch."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, replace

import orjson

from ivr.journal import keys, privacy
from ivr.journal.record import VERSION, Record, Value

_MARK_SECONDS = 30 * 86_400  # how long the store remembers a writer's last batch


def _short(value: object) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits: rare, and the slow way knows them
        return json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One encoded record with what the store needs beside it; see lua/append.lua for the fields."""

    call: str
    wall: str
    first: bool
    key_owner: str
    wrapped_key: str
    person: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one writer; numbered from 1."""

    number: int
    entries: tuple[Entry, ...]


def encode(record: Record, data_key: bytes | None, owner: str) -> str:
    """The record as text; the data key of `owner` seals its personal facts and may be None if there are none."""
    fields: dict[str, object] = {
        "v": record.version,
        "n": record.sequence,
        "path": record.path,
        "wall": round(record.wall_seconds, 6),
        "mono": round(record.monotonic_seconds, 6),
        "data": record.data if type(record.data) is dict else dict(record.data),
    }
    if record.personal:
        if data_key is None:
            raise ValueError("personal facts cannot be kept without a data key")
        fields["sealed"] = privacy.seal(data_key, record.personal, context(record.call, record.sequence, record.kind))
        if owner != record.call:
            fields["key"] = owner
    return _short(fields)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record without its personal facts, and how to get at them: `sealed` ("" when none) under the key of `owner`."""

    record: Record
    sealed: str
    owner: str


def decode(call: str, kind: str, text: str) -> Decoded:
    """The inverse of `encode`, short of opening what is sealed."""
    fields = orjson.loads(text)
    data: dict[str, Value] = fields["data"]
    record = Record(
        call, fields["n"], kind, fields["path"], fields["wall"], fields["mono"], data, version=fields.get("v", VERSION)
    )
    return Decoded(record, fields.get("sealed", ""), fields.get("key", call))


def opened(decoded: Decoded, data_key: bytes) -> Record:
    """The record with its personal facts; PersonalDataUnreadable when the key is another's."""
    record = decoded.record
    return replace(
        record,
        personal=privacy.unseal(data_key, decoded.sealed, context(record.call, record.sequence, record.kind)),
    )


def context(call: str, sequence: int, kind: str) -> str:
    """What a record's sealed facts are bound to."""
    return f"{call}/{sequence}/{kind}"


def batch_to_line(batch: Batch) -> str:
    """A batch as one line of a spool file."""
    return _short(
        {
            "batch": batch.number,
            "entries": [astuple(entry) for entry in batch.entries],
        }
    )


def batch_from_line(line: str) -> Batch:
    """The inverse of `batch_to_line`; ValueError when the line was cut short."""
    try:
        fields = orjson.loads(line)
        return Batch(fields["batch"], tuple(Entry(*entry) for entry in fields["entries"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not a batch of journal records") from error


def arranged(writer: str, batch: Batch, *, directly_after: bool) -> tuple[list[str], list[str | int]]:
    """KEYS and ARGV of lua/append.lua."""
    calls = list(dict.fromkeys(entry.call for entry in batch.entries if entry.call))
    places = {call: str(place) for place, call in enumerate(calls, start=1)} | {"": "0"}
    first = {entry.call: entry.wall for entry in batch.entries if entry.first}
    new_keys = [entry for entry in batch.entries if entry.wrapped_key]
    callers = [entry for entry in batch.entries if entry.person]
    arguments: list[str | int] = [batch.number, int(directly_after), _MARK_SECONDS, len(calls)]
    for call in calls:
        arguments += (call, first.get(call, ""))
    arguments.append(len(new_keys))
    for entry in new_keys:
        arguments += (entry.key_owner, entry.wrapped_key, entry.wall)
    arguments.append(len(callers))
    for entry in callers:
        arguments += (entry.call, entry.wall)
    for entry in batch.entries:
        arguments += (places[entry.call], entry.kind, entry.text)
    named = [keys.STREAM, keys.mark(writer), keys.CALLS, keys.DATA_KEYS, keys.KEYED, keys.ERASED]
    named += [keys.call(call) for call in calls]
    named += [keys.person(entry.person) for entry in callers]
    return named, arguments
