"""The requests' keys in the store."""

from __future__ import annotations

_PREFIX = "{ivr}:request"

COUNT = f"{_PREFIX}:count"
OPEN = f"{_PREFIX}:open"
"""Sorted set of requests that are not done, by opening."""
LATE = f"{_PREFIX}:late"
"""Set of those of them that have passed a deadline."""
OPENED = f"{_PREFIX}:opened"
"""Sorted set of all requests by opening: what is too old goes."""
DONE_UNTIL = f"{_PREFIX}:done_until"
"""Up to which moment calls' steps have reached their requests, Unix seconds."""
DUE = f"{_PREFIX}:due"
"""Sorted set of requests by their next deadline."""


def request(number: str) -> str:
    return f"{_PREFIX}:{number}"


def call(name: str) -> str:
    """Number of the call's request."""
    return f"{_PREFIX}:call:{name}"


def person(person_hash: str) -> str:
    """Sorted set of a person's requests by opening."""
    return f"{_PREFIX}:person:{person_hash}"


def wrong_proofs(about: str) -> str:
    """How often somebody has failed to prove who they are, lately: for this request's number, or as this person."""
    return f"{_PREFIX}:wrong:{about}"
