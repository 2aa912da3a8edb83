"""Rows to and from the JSON in Redis. Lua writes an empty list and an empty map alike, so both are read as either."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ivr.call.events import CallId
from ivr.queue.model import Change, Queue, QueuedCall, QueuedOperator


def call_json(call: QueuedCall) -> str:
    """Row of a call as Redis holds it."""
    return json.dumps({name: getattr(call, name) for name in QueuedCall.__slots__}, ensure_ascii=False)


def call_row(row: Mapping[str, Any]) -> QueuedCall:
    """Call of a decoded row."""
    values = dict(row)
    values["skills"] = tuple(row["skills"])
    values["offers"] = dict(row["offers"])
    values["declined"] = dict(row["declined"])
    return QueuedCall(**values)


def operator_row(row: Mapping[str, Any]) -> QueuedOperator:
    """Operator of a decoded row."""
    return QueuedOperator(**row)


def queue_row(row: Mapping[str, Any]) -> Queue:
    """Queue of a decoded row."""
    return Queue(**row)


def change(cause: str, rows: str | bytes) -> Change:
    """Change of an entry of the stream."""
    decoded = json.loads(rows)
    return Change(
        cause=cause,
        calls=tuple(call_row(row) for row in decoded["calls"]),
        gone=tuple(CallId(call) for call in decoded["gone"]),
        operators=tuple(operator_row(row) for row in decoded["operators"]),
        queues=tuple(queue_row(row) for row in decoded["queues"]),
    )
