"""The queue at one moment, for status pages and `ivr status`."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest

from ivr.call.events import CallId
from ivr.queue.model import OperatorState
from ivr.routing.view import QueueView

_WAITING_NAMED = 200


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call that nobody talks to yet; `position` counts from 1 within its queue, `ringing` names operators."""

    call: CallId
    queue: str
    topic: str
    language: str
    priority: int
    position: int
    since: float
    waited_seconds: float
    ringing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorNow:
    """What an operator does, since when (Unix seconds), with which call, why (of a pause)."""

    operator: str
    state: OperatorState
    since: float
    call: str
    reason: str
    misses: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`waiting` names the first 200 calls by rank, `waiting_count` counts all."""

    at: float
    waiting_count: int
    talking_count: int
    waiting: tuple[WaitingCall, ...]
    operators: tuple[OperatorNow, ...]


def snapshot(view: QueueView, now: float) -> Snapshot:
    """The view as a value; `now` in Unix seconds."""
    talking = sum(row.state == "talking" for row in view.calls.values())
    first = nsmallest(_WAITING_NAMED, view.waiting(), key=lambda row: (row.rank, row.call))
    positions: dict[str, int] = {}
    waiting = []
    for row in first:
        position = positions[row.queue] = positions.get(row.queue, 0) + 1
        waiting.append(
            WaitingCall(
                call=row.call,
                queue=row.queue,
                topic=row.topic,
                language=row.language,
                priority=row.priority,
                position=position,
                since=row.entered_at,
                waited_seconds=round(now - row.entered_at, 1),
                ringing=tuple(row.offers),
            )
        )
    return Snapshot(
        at=now,
        waiting_count=len(view.calls) - talking,
        talking_count=talking,
        waiting=tuple(waiting),
        operators=tuple(
            OperatorNow(row.name, row.state, row.since, row.call, row.reason, row.misses)
            for _, row in sorted(view.operators.items())
        ),
    )
