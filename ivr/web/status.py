"""What the status page and `ivr status` show. Pure values.

Moments are Unix seconds, so that a page can count the seconds since by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import orjson

OperatorState = Literal["ready", "offered", "talking", "wrap_up", "paused", "gone"]


@dataclass(frozen=True, slots=True)
class LineStatus:
    """A telephone line: `number` as callers know it, `name` from its plan, live `calls`.

    `open` by its hours, `until` the next moment at which that changes; None: not soon.
    """

    number: str
    name: str
    open: bool
    calls: int
    until: float | None = None


@dataclass(frozen=True, slots=True)
class CallStatus:
    """A live call: `step` is the journal's last kind, `step_since` when it began; `operator` "" until there is one."""

    call: str
    line: str
    topic: str
    step: str
    step_since: float
    arrived: float
    operator: str = ""


@dataclass(frozen=True, slots=True)
class WaitingStatus:
    """A call in the queue, `position` from 1; `expected_wait_seconds` is None when it cannot be told."""

    call: str
    position: int
    topic: str
    queued: float
    priority: int = 0
    queue: str = ""
    expected_wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OperatorStatus:
    """An operator: `name` in the configuration, `title` for people, the `call` in hand or "", `reason` of a pause.

    `assigned`: a topic served as the first skill for now, by word of a supervisor (`assigned_by`) or by the rule.
    """

    name: str
    title: str
    state: OperatorState
    since: float
    call: str = ""
    skills: tuple[str, ...] = ()
    reason: str = ""
    assigned: str = ""
    assigned_by: str = ""


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """A topic now and today: calls that wait, `oldest` since when (0: none waits); figures as in `TodayStatus`."""

    topic: str
    waiting: int
    oldest: float
    offered: int
    answered: int
    within_30_of_queue: int
    abandoned: int
    late: int = 0


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """A queue: calls that wait in it, how many at most (0: no limit), and whether it takes new ones."""

    queue: str
    waiting: int
    oldest: float
    limit: int = 0
    closed: bool = False


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part the hotline needs: does it work, and a few words on how."""

    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RequestsStatus:
    """Requests that are not done, and how many of them have passed a deadline."""

    open: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class IncidentStatus:
    """A critical incident under way: `calls` about `topic` since `opened`; `usual` in ten minutes of this hour.

    `phrase`: of topics.yaml, which its callers have in common; "" when that is the topic alone.
    """

    topic: str
    opened: float
    calls: int
    usual: float
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class TodayStatus:
    """Since midnight of the hotline's zone. `offered`: calls that entered a queue; the two shares' numerators count
    from entering the queue and from the first ring; `abandoned`: callers who left the queue; `late`: calls that have
    waited longer than 30 s, answered, abandoned or still waiting. A share is of those in time and the late ones."""

    offered: int
    answered: int
    within_30_of_queue: int
    within_30_of_ring: int
    abandoned: int
    speed_of_answer_seconds: float | None = None
    late: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The hotline at the moment `at`."""

    at: float
    lines: tuple[LineStatus, ...]
    calls: tuple[CallStatus, ...]
    waiting: tuple[WaitingStatus, ...]
    operators: tuple[OperatorStatus, ...]
    store: PartStatus
    asterisk: PartStatus
    speech: PartStatus
    today: TodayStatus
    incidents: tuple[IncidentStatus, ...] = ()
    topics: tuple[TopicStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    waiting_count: int = 0
    """All that wait; `waiting` names the first 200."""
    requests: RequestsStatus = RequestsStatus()
    draining: bool = False
    """No new calls are taken; those in progress come to their end."""
    on_the_line: int = 0
    """Callers, those included whose talk another controller began: `calls` does not have these."""

    @property
    def ready(self) -> bool:
        """Could a call be served now? Without speech recognition it still could, by keys."""
        return self.store.ok and self.asterisk.ok and not self.draining


def to_json(status: Status) -> bytes:
    """The status as JSON object; `ready` included."""
    return orjson.dumps(
        {**{field.name: getattr(status, field.name) for field in fields(status)}, "ready": status.ready}
    )
