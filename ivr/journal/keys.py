"""The journal's keys in the store; one hash tag, so that a cluster keeps them together for the scripts."""

from __future__ import annotations

_PREFIX = "{ivr}:journal"

STREAM = _PREFIX
"""Stream of all records, in the order in which they reached the store."""

CALLS = f"{_PREFIX}:calls"
"""Sorted set of calls by the wall time of their first record."""

DATA_KEYS = f"{_PREFIX}:keys"
"""Hash call → its data key, wrapped. Whoever deletes a field makes that call's personal data unreadable everywhere."""
KEYED = f"{_PREFIX}:keyed"
"""Sorted set of the data keys' owners by the wall time at which the key was made."""

ERASED = f"{_PREFIX}:erased"
"""Calls whose person was erased: what still waits on a disk must not bring them back."""

AUDIT = "{ivr}:audit"
"""Stream of the audit log."""

AUDIT_HEAD = "{ivr}:audit:head"
"""Hash of the audit log's last entry."""


def person(person_hash: str) -> str:
    """Sorted set of a person's calls by arrival."""
    return f"{_PREFIX}:person:{person_hash}"


def call(name: str) -> str:
    """List of the stream ids of one call's records."""
    return f"{_PREFIX}:call:{name}"


def mark(writer: str) -> str:
    """Number of the last batch that this writer brought into the store."""
    return f"{_PREFIX}:writer:{writer}"
