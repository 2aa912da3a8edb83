"""One record of the journal: what happened, to which call, when.

Pure. A record is written once and never changed; `version` says by which reading of the fields it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from ivr.journal.kinds import KINDS

VERSION = 1
"""Raised when a field changes its meaning; a new field or kind does not need it."""

Value = str | int | float | bool | None
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """`sequence` counts from 1 within a call (within the writer when `call` is ""), so a missing record shows as a gap.

    `wall_seconds`: Unix time, may jump. `monotonic_seconds`: for durations between records of one writer.
    `data` never identifies a person; `personal` does, and is sealed wherever it is kept.
    """

    call: str
    sequence: int
    kind: str
    path: str
    wall_seconds: float
    monotonic_seconds: float
    data: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)
    personal: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    version: int = VERSION


class Recorder(Protocol):
    """Whoever takes steps down."""

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Value] = ...,
        personal: Mapping[str, str] = ...,
    ) -> object:
        """Write one step down; never blocks."""
        ...


def split(
    kind: str, data: Mapping[str, Value], personal: Mapping[str, str]
) -> tuple[Mapping[str, Value], Mapping[str, str]]:
    """Move every fact that the table of kinds does not declare harmless over to `personal`."""
    known = KINDS.get(kind)
    fields = known.fields if known else _NOTHING
    if data.keys() <= fields.keys():
        return data, personal
    strangers = {name: str(value) for name, value in data.items() if name not in fields}
    return {name: value for name, value in data.items() if name in fields}, {**strangers, **personal}


def undeclared(record: Record) -> tuple[str, ...]:
    """What of this record the table of kinds does not know: the kind itself, or names of facts."""
    known = KINDS.get(record.kind)
    if known is None:
        return (record.kind,)
    return tuple(f"{record.kind}.{name}" for name in record.personal if name not in known.personal) + tuple(
        f"{record.kind}.{name}" for name in record.data if name not in known.fields
    )


def wait_began(wall_seconds: float, data: Mapping[str, Any]) -> float:
    """When the wait began that a `queued` or `promised` of that moment tells of; a talk in between is left out.

    The queue may have answered late, and the caller may have waited before a talk, or in the call before.
    """
    return wall_seconds - float(data.get("waited_seconds") or 0.0)


def to_mapping(record: Record) -> dict[str, Any]:
    """The record as one flat JSON object: `ivr trace --json`, the web interface, the archive."""
    return {
        "call": record.call,
        "sequence": record.sequence,
        "kind": record.kind,
        "path": record.path,
        "wall_seconds": record.wall_seconds,
        "monotonic_seconds": record.monotonic_seconds,
        "data": dict(record.data),
        "personal": dict(record.personal),
        "version": record.version,
    }


def from_mapping(fields: Mapping[str, Any]) -> Record:
    """The inverse of `to_mapping`; fields of later versions are passed over."""
    return Record(
        call=str(fields["call"]),
        sequence=int(fields["sequence"]),
        kind=str(fields["kind"]),
        path=str(fields["path"]),
        wall_seconds=float(fields["wall_seconds"]),
        monotonic_seconds=float(fields["monotonic_seconds"]),
        data=fields["data"],
        personal=fields["personal"],
        version=int(fields["version"]),
    )
