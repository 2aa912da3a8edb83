"""The queue's rows as they stand in Redis, and what its commands answer. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.call.events import CallId

CallState = Literal["waiting", "offered", "talking"]
OperatorState = Literal["gone", "ready", "offered", "talking", "wrap_up", "paused"]
Refusal = Literal[
    "closed",
    "full",
    "stale_router",
    "call_gone",
    "call_taken",
    "operator_busy",
    "offer_over",
    "not_talking",
    "unknown_operator",
    "wrap_up_over",
    "overruled",
    "led_by_another",
]


@dataclass(frozen=True, slots=True)
class QueuedCall:
    """A call from its entry into a queue to the end of the talk.

    `place` is when it came in, and what it keeps whatever happens; `rank` is its order among others: the place, made
    earlier by urgency. `offers` maps operators who ring now to offer ids; `declined` maps operators to the time until
    which they are not offered this call again. `controller` owns the call's telephone leg. `reason` is the last
    decision's, as JSON. `callback` (sealed) is whom to ring when the turn comes, "" while the caller is on the line;
    `not_before` is when the next of its `tries` may be. `asked_in` is who rings for, or takes part in, the talk beside
    `operator`.
    """

    call: CallId
    queue: str
    topic: str
    language: str
    skills: tuple[str, ...]
    priority: int
    line: str
    controller: str
    entered_at: float
    place: float
    rank: float
    waiting_key: str
    state: CallState = "waiting"
    offers: Mapping[str, str] = field(default_factory=dict)
    declined: Mapping[str, float] = field(default_factory=dict)
    preferred: str = ""
    operator: str = ""
    connected_at: float = 0.0
    reason: str = ""
    callback: str = ""
    tries: int = 0
    not_before: float = 0.0
    asked_in: str = ""


@dataclass(frozen=True, slots=True)
class QueuedOperator:
    """What an operator does now.

    `until_at` ends a ring or a wrap-up (else 0). `intent` is what becomes of the operator when the hands are free
    again. `misses` counts unanswered rings in a row. `idle_since` orders free operators.
    `assigned` is a topic served as if it were the first skill, because a person (`assigned_by`) or the rule says so.
    """

    name: str
    state: OperatorState
    since: float
    idle_since: float
    intent: OperatorState = "ready"
    reason: str = ""
    call: str = ""
    offer: str = ""
    until_at: float = 0.0
    misses: int = 0
    assigned: str = ""
    assigned_by: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """What configuration and ops set for a queue; `limit` 0 means none."""

    queue: str
    limit: int = 0
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One transition: the command that caused it and the full rows that it left behind."""

    cause: str
    calls: tuple[QueuedCall, ...] = ()
    gone: tuple[CallId, ...] = ()
    operators: tuple[QueuedOperator, ...] = ()
    queues: tuple[Queue, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A call rings, or is about to ring, at an operator for `ring_seconds`; `reason` says why this one (JSON).

    `callback` is not empty when the caller is to be rung back: sealed, as it was given with the request, and `tries`
    were in vain.
    """

    offer: str
    call: CallId
    operator: str
    ring_seconds: float
    reason: str = ""
    callback: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The command changed nothing, because it was not, or no longer, possible."""

    reason: Refusal


@dataclass(frozen=True, slots=True)
class Done:
    """The command did what it says."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The call waits; `position` counts from 1, `place` may be earlier than asked for when the caller had one kept."""

    position: int
    place: float


@dataclass(frozen=True, slots=True)
class OfferDeclined:
    """The call is back in its place; `paused`: the operator gets no more calls before saying so."""

    paused: bool


@dataclass(frozen=True, slots=True)
class CallbackMissed:
    """The caller did not answer; `given_up`: that was the last try and the call has left."""

    given_up: bool


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who of ops did what to which call, operator or queue; `at` in Unix seconds."""

    at: float
    by: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Left:
    """`known` is False when the queue did not know the call."""

    known: bool


@dataclass(frozen=True, slots=True)
class Leading:
    """This controller routes; `epoch` goes with each of its offers."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Following:
    """Another controller routes; its lease runs out in `retry_seconds` unless it is renewed."""

    retry_seconds: float
