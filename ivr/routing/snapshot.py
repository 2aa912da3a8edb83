"""The queue at one moment, for status pages and `ivr status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

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
    """What an operator does, since when (Unix seconds), with which call, why (of a pause).

    `assigned`: the topic served as if it were the first skill, by word of `assigned_by`, or by the rule when "".
    """

    operator: str
    state: OperatorState
    since: float
    call: str
    reason: str
    misses: int
    assigned: str = ""
    assigned_by: str = ""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Calls that wait: how many, and since when the one that has waited longest (Unix seconds)."""

    waiting: int = 0
    oldest: float = 0.0

    def and_these(self, other: Crowd) -> Crowd:
        return Crowd(self.waiting + other.waiting, min(self.oldest, other.oldest) if self.waiting else other.oldest)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`waiting` names the first 200 calls by rank, `waiting_count` and the two crowds count all."""

    at: float
    waiting_count: int
    talking_count: int
    waiting: tuple[WaitingCall, ...]
    operators: tuple[OperatorNow, ...]
    by_topic: Mapping[str, Crowd]
    by_queue: Mapping[str, Crowd]


_NOBODY = Crowd()


def snapshot(view: QueueView, now: float) -> Snapshot:
    """The view as a value; `now` in Unix seconds. Looks at each operator, topic and named call, not at all who wait."""
    by_topic: dict[str, Crowd] = {}
    by_queue: dict[str, Crowd] = {}
    for (queue, topic), order in view.crowds.items():
        if (oldest := order.first()) is not None:
            crowd = Crowd(len(order), oldest.rank)
            by_topic[topic] = by_topic.get(topic, _NOBODY).and_these(crowd)
            by_queue[queue] = by_queue.get(queue, _NOBODY).and_these(crowd)
    positions: dict[str, int] = {}
    waiting = []
    for standing in islice(view.turns, _WAITING_NAMED):
        row = view.calls[standing.call]
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
        waiting_count=len(view.turns),
        talking_count=len(view.calls) - len(view.turns),
        waiting=tuple(waiting),
        operators=tuple(
            OperatorNow(row.name, row.state, row.since, row.call, row.reason, row.misses, row.assigned, row.assigned_by)
            for _, row in sorted(view.operators.items())
        ),
        by_topic=by_topic,
        by_queue=by_queue,
    )
