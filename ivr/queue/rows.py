"""Rows to and from the JSON in Redis. Lua writes an empty list and an empty map alike, so both are read as either."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ivr.call.events import CallId
from ivr.queue.model import Change, Queue, QueuedCall, QueuedOperator


def call_json(call: QueuedCall) -> str:
    """Row of a call as Redis holds it."""
    return json.dumps(_fields(call), ensure_ascii=False)


def change_json(known: Change) -> str:
    """Rows of a change as the store's commands take them."""
    calls, operators, queues = (list(map(_fields, rows)) for rows in (known.calls, known.operators, known.queues))
    return json.dumps({"calls": calls, "operators": operators, "queues": queues}, ensure_ascii=False)


def _fields(row: QueuedCall | QueuedOperator | Queue) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


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
