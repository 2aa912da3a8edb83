"""A request (обращение): what a call was about, who is responsible, by when. Pure; frozen values and their changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from ivr.errors import IvrError

Status = Literal["accepted", "in_progress", "needs_information", "done"]
Class = Literal["ordinary", "urgent", "complex"]
Deadline = Literal["assignment", "result", "answer"]

TITLES: Mapping[Status, str] = {
    "accepted": "Принято",
    "in_progress": "В обработке",
    "needs_information": "Ожидает дополнительной информации",
    "done": "Завершено",
}
CLASSES: Mapping[Class, str] = {"ordinary": "Обычное", "urgent": "Срочное", "complex": "Сложное"}
_MAY_BECOME: Mapping[Status, frozenset[Status]] = {
    "accepted": frozenset({"in_progress", "needs_information", "done"}),
    "in_progress": frozenset({"needs_information", "done"}),
    "needs_information": frozenset({"in_progress", "done"}),
    "done": frozenset({"in_progress"}),  # reopened
}
_ASSIGNMENT = timedelta(minutes=5)
_RESULT = timedelta(minutes=15)
_ORDINARY_WORKING = timedelta(hours=4)
_BY_THE_CLOCK: Mapping[Class, timedelta] = {"urgent": timedelta(minutes=30), "complex": timedelta(hours=24)}
_HIGHEST_PRIORITY = 3
_LONGEST_CLOSED = timedelta(days=30)


class WorkingHours(Protocol):
    """When requests are worked on."""

    def open_at(self, moment: datetime) -> bool: ...

    def next_change(self, moment: datetime) -> datetime | None:
        """The next moment at which `open_at` becomes another; None when it never does."""


class StatusImpossible(IvrError):
    """A request cannot go from its status to the one asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """`person` is the keyed hash of the caller's number, "" when withheld; moments are Unix seconds, None: no such
    deadline (any more). `late`: deadlines that have passed. `resolved`: at the first contact, as the operator says;
    `score`: 1–5, as the caller does. `version` counts changes."""

    number: str
    call: str
    opened: float
    line: str = ""
    topic: str = "none"
    person: str = ""
    request_class: Class = "ordinary"
    priority: int = 0
    status: Status = "accepted"
    operator: str = ""
    earlier: str = ""
    assignment_due: float | None = None
    result_due: float | None = None
    answer_due: float | None = None
    resolved: bool | None = None
    score: int | None = None
    late: tuple[Deadline, ...] = ()
    version: int = 0

    @property
    def deadlines(self) -> Mapping[Deadline, float]:
        """Those that can still pass, with their moments."""
        due = {"assignment": self.assignment_due, "result": self.result_due, "answer": self.answer_due}
        return {name: at for name, at in due.items() if at is not None and name not in self.late}  # type: ignore[misc]  # names are Deadlines


def opened(
    number: str, call: str, moment: datetime, hours: WorkingHours, *, line: str, person: str, earlier: str
) -> Request:
    """A new request of a call that has just come in."""
    return Request(
        number,
        call,
        moment.timestamp(),
        line=line,
        person=person,
        earlier=earlier,
        assignment_due=(moment + _ASSIGNMENT).timestamp(),
        answer_due=answer_due("ordinary", moment, hours).timestamp(),
    )


def classified(request: Request, request_class: Class, topic: str, moment: datetime, hours: WorkingHours) -> Request:
    """The topic is known, and with it how soon an answer is due, from `moment`: when the request was opened."""
    due = answer_due(request_class, moment, hours).timestamp()
    priority = max(request.priority, 1 if request_class == "urgent" else 0)
    answer = None if request.status == "done" else due
    return replace(request, topic=topic, request_class=request_class, priority=priority, answer_due=answer)


def assigned(request: Request, operator: str) -> Request:
    """The operator is responsible from here on."""
    status: Status = "in_progress" if request.status == "accepted" else request.status
    return replace(request, operator=operator, assignment_due=None, status=status)


def talk_over(request: Request, ended: float) -> Request:
    """The talk has ended: the operator's result is due."""
    return replace(request, result_due=ended + _RESULT.total_seconds()) if request.resolved is None else request


def with_result(request: Request, *, resolved: bool) -> Request:
    """The operator has written the result; resolved at the first contact means done."""
    changed = replace(request, resolved=resolved, result_due=None)
    return with_status(changed, "done") if resolved and request.status != "done" else changed


def escalated(request: Request, moment: datetime, hours: WorkingHours) -> Request:
    """Specialists have it now: a complex request, with more time from when it was opened (`moment`)."""
    return classified(request, "complex", request.topic, moment, hours)


def rated(request: Request, score: int) -> Request:
    """The caller has said how well they were served."""
    return replace(request, score=score)


def reopened(request: Request, moment: datetime, hours: WorkingHours) -> Request:
    """It was not done after all: an answer is due anew, counted from `moment`."""
    changed = with_status(request, "in_progress")
    due = answer_due(request.request_class, moment, hours).timestamp()
    return replace(changed, answer_due=due, late=tuple(name for name in request.late if name != "answer"))


def with_status(request: Request, status: Status) -> Request:
    """The request in another status; StatusImpossible when that does not follow."""
    if status not in _MAY_BECOME[request.status]:
        raise StatusImpossible(
            f"request {request.number} cannot go from {TITLES[request.status]!r} to {TITLES[status]!r}",
            hint="allowed: " + ", ".join(sorted(TITLES[each] for each in _MAY_BECOME[request.status])),
        )
    if status == "done":
        return replace(request, status=status, assignment_due=None, result_due=None, answer_due=None)
    return replace(request, status=status)


def overdue(request: Request, now: float) -> tuple[Request, tuple[Deadline, ...]]:
    """Deadlines that have passed since last asked; each raises the priority by one."""
    passed = tuple(name for name, due in request.deadlines.items() if due <= now)
    if not passed:
        return request, ()
    priority = min(_HIGHEST_PRIORITY, request.priority + len(passed))
    return replace(request, late=(*request.late, *passed), priority=priority), passed


def answer_due(request_class: Class, moment: datetime, hours: WorkingHours) -> datetime:
    """By when a request opened at `moment` is to be answered: ordinary ones in working time, others by the clock."""
    if (span := _BY_THE_CLOCK.get(request_class)) is not None:
        return (moment.astimezone(UTC) + span).astimezone(moment.tzinfo)
    return after_working(moment, _ORDINARY_WORKING, hours)


def after_working(moment: datetime, span: timedelta, hours: WorkingHours) -> datetime:
    """The moment by which `span` of working time has gone by; by the clock when it would take over a month to open."""
    at, left = moment.astimezone(UTC), span  # differences in UTC: an hour put forward or back is none
    latest = at + span + _LONGEST_CLOSED
    while at < latest:
        change = hours.next_change(at)
        if hours.open_at(at):
            if change is None or at + left <= change:
                return (at + left).astimezone(moment.tzinfo)
            left -= change.astimezone(UTC) - at
        if change is None:
            break
        at = change.astimezone(UTC)
    return (moment.astimezone(UTC) + span).astimezone(moment.tzinfo)


def to_mapping(request: Request) -> dict[str, Any]:
    return asdict(request)


def from_mapping(fields: Mapping[str, Any]) -> Request:
    """The inverse of `to_mapping`, also after JSON."""
    return Request(**{**fields, "late": tuple(fields["late"])})
