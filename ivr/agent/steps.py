"""What a test call or a test operator reports. Pure data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.call.effects import Outcome
from ivr.journal.record import Record

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, `at_seconds` after the INVITE (operators: after the start).

    `record`: what the hotline's journal says, when it is the hotline that did it; its times are the hotline's.
    """

    at_seconds: float
    step: str
    data: Mapping[str, Value] = field(default_factory=dict)
    record: Record | None = None


OnStep = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class CallReport:
    """How a test call went.

    `call` and `topic` are "" when the hotline's journal was not followed or never mentioned them; the two durations are
    None when there was no wait or talk. `answer_seconds`: INVITE to answer, None when nobody answered.
    `cause`: Q.850 cause code of the end, `reason` the words for it. `heard` and `said`: recordings of both
    directions, when asked for.
    """

    outcome: Outcome
    cause: int
    reason: str
    hung_up_by: str
    steps: tuple[Step, ...]
    call: str = ""
    topic: str = ""
    queue_wait_seconds: float | None = None
    talk_seconds: float | None = None
    answer_seconds: float | None = None
    heard: Path | None = None
    said: Path | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """One call as the operator had it: from the answer to the hang-up, `ended_by` operator or caller."""

    seconds: float
    ended_by: str
    heard: Path | None = None
    said: Path | None = None
