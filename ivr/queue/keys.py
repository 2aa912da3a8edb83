"""The only place where keys of the queue are built. One hash tag: one slot of a Redis Cluster holds them all."""

from __future__ import annotations

_TAG = "{ivr}"

CALLS = f"{_TAG}:queue:calls"
"""Hash: call → its row (JSON), from the entry into the queue to the end of the talk."""

OPERATORS = f"{_TAG}:queue:operators"
"""Hash: operator → row (JSON); an operator who never signed in has none."""

QUEUES = f"{_TAG}:queue:queues"
"""Hash: queue → row (JSON) of what ops or configuration set: limit, closed."""

CHANGES = f"{_TAG}:queue:changes"
"""Stream: every transition with the full rows it left behind; what views follow."""

LEASE = f"{_TAG}:queue:router:lease"
"""String with expiry: the controller that routes now."""

EPOCH = f"{_TAG}:queue:router:epoch"
"""Counter of changes of the routing controller: the fencing token."""

LEARNT = f"{_TAG}:queue:learnt"
"""String: how long talks take and how far off told waits were (JSON), for the next controller."""

AUDIT = f"{_TAG}:queue:audit"
"""Stream: who of ops did what to which call, operator or queue."""

NOTICES = f"{_TAG}:notices"
"""Hash: prompt that all callers hear → who switched it on, and when (JSON)."""

NOTICE_CHANGES = f"{_TAG}:notices:changes"
"""Stream: each switch; what controllers follow."""

COMMAND_KEYS = (CALLS, OPERATORS, QUEUES, CHANGES, LEASE, EPOCH, AUDIT)
"""KEYS of every Lua command, in this order."""


def here(controller: str) -> str:
    """String with expiry: that controller is alive."""
    return f"{_TAG}:queue:here:{controller}"


def waiting(queue: str) -> str:
    """Sorted set: calls that stand in `queue`, by rank; also those being offered."""
    return f"{_TAG}:queue:waiting:{queue}"


def place(caller_token: str) -> str:
    """String with expiry: the place that a dropped caller has back on calling again."""
    return f"{_TAG}:queue:place:{caller_token}"
