"""What expressions can speak of: the call's own facts, the plan's variables and hours, and how full the queues are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ivr.dialplan.expression import Expression, Type, value_of
from ivr.dialplan.state import Now, State, Value, Waiting

if TYPE_CHECKING:
    from ivr.dialplan.model import Plan

FACTS: dict[str, Type] = {
    "language": "text",
    "topic": "text",
    "matter": "text",
    "line": "text",
    "caller": "text",
    "caller_known": "yes_no",
    "priority": "number",
    "talked": "yes_no",
    "time": "text",
    "date": "text",
    "weekday": "number",
    "position": "number",
    "expected_minutes": "number",
    "at_most_minutes": "number",
}
"""Facts of every call. `time` is "08:30" and `date` "2026-12-31" in the plan's zone; `weekday`: 1 is Monday."""

QUEUE_LOAD = "waiting."
"""`waiting.people`: callers who wait in the queue `people`."""

DEFAULTS: dict[Type, str | int | bool] = {"number": 0, "text": "", "yes_no": False}
"""What a variable holds before anything is put into it."""


def value(expression: Expression, plan: Plan, state: State, now: Now) -> str | int | float | bool:
    """The value of a checked expression in a call."""
    return value_of(
        expression.tree,
        lambda name: look_up(name, plan, state, now),
        lambda hours: plan.hours[hours].open_at(now.wall) if hours in plan.hours else False,
    )


def look_up(name: str, plan: Plan, state: State, now: Now) -> Value:
    """The value of a name; names that the checker does not know are empty."""
    if name in plan.variables:
        return state.variables.get(name, DEFAULTS[plan.variables[name]])
    if name.startswith(QUEUE_LOAD):
        return now.waiting.get(name.removeprefix(QUEUE_LOAD), 0)
    return _facts(plan, state, now).get(name, "")


def _facts(plan: Plan, state: State, now: Now) -> Mapping[str, Value]:
    local: datetime = now.wall.astimezone(ZoneInfo(plan.time_zone))
    waiting = state.doing if isinstance(state.doing, Waiting) else None
    return {
        "language": state.language,
        "topic": state.topic,
        "matter": state.matter,
        "line": state.dialled,
        "caller": state.caller,
        "caller_known": bool(state.caller),
        "priority": state.priority,
        "talked": state.talked,
        "time": f"{local:%H:%M}",
        "date": f"{local:%Y-%m-%d}",
        "weekday": local.isoweekday(),
        "position": (waiting.position if waiting else None) or 0,
        "expected_minutes": _minutes(waiting.expected_wait_seconds if waiting else None),
        "at_most_minutes": _minutes(waiting.at_most_seconds if waiting else None),
    }


def _minutes(seconds: float | None) -> int:
    """Begun minutes; 0 when it is not known."""
    return 0 if seconds is None else max(1, -int(-seconds // 60))
