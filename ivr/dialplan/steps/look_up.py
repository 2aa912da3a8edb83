"""`look_up`: ask a service of the hotline, such as the status of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from ivr.call.events import Event, LookedUp, LookUpFailed, TimerFired
from ivr.dialplan.expression import Expression, Type
from ivr.dialplan.fields import ExpressionText, Name, Seconds, SectionName
from ivr.dialplan.state import LookingUp, Value
from ivr.dialplan.step import THEN, Go, Move, Next, Place, Stay, Step, Way
from ivr.dialplan.turn import Turn

NOT_FOUND = "not found"
FAILED = "failed"
TIMEOUT = "look_up"


class LookUpStep(Step):
    """Ask a service; its answers go into text variables."""

    verb: ClassVar[str] = "look_up"

    look_up: Name = Field(description="The service.")
    with_: Mapping[Name, ExpressionText] = Field(default={}, alias="with", description="argument: value")
    into: Mapping[Name, Name] = Field(default={}, description="part of the answer: text variable that takes it")
    timeout_seconds: Seconds = Field(3.0, description="A caller on the line should not wait longer for a machine.")
    not_found: SectionName = Field(description="Where to go when the service knows nothing of it.")
    failed: SectionName = Field(description="Where to go when the service does not answer in time.")

    def enter(self, turn: Turn) -> Move:
        arguments = {name: str(turn.value(expression)) for name, expression in self.with_.items()}
        turn.do(LookingUp(turn.look_up(self.look_up, arguments)))
        turn.set_timer(TIMEOUT, self.timeout_seconds)
        return Stay()

    def react(self, turn: Turn, event: Event) -> Move:
        doing = turn.state.doing
        if not isinstance(doing, LookingUp):
            return Stay()
        match event:
            case LookedUp(lookup, found) if lookup == doing.lookup:
                return self._answered(turn, found)
            case LookUpFailed(lookup, reason) if lookup == doing.lookup:
                return self._failed(turn, reason)
            case TimerFired(timer) if turn.fired(timer):
                return self._failed(turn, "no answer in time")
            case _:
                return Stay()

    def _answered(self, turn: Turn, found: Mapping[str, Value]) -> Move:
        turn.note("decided", {"choice": THEN if found else NOT_FOUND, "condition": f"look_up {self.look_up}"})
        if not found:
            return Go(self.not_found, NOT_FOUND)
        for part, variable in self.into.items():
            turn.put(variable, _fitting(found.get(part), turn.plan.variables.get(variable, "text")))
        return Next()

    def _failed(self, turn: Turn, reason: str) -> Move:
        turn.note("decided", {"choice": FAILED, "condition": f"look_up {self.look_up}", "reason": reason})
        return Go(self.failed, FAILED)

    def ways(self) -> Iterator[Way]:
        yield Way(THEN, None)
        yield Way(NOT_FOUND, self.not_found, place=("not_found",))
        yield Way(FAILED, self.failed, place=("failed",))

    def expressions(self) -> Iterator[tuple[Place, Expression, str | None]]:
        for name, expression in self.with_.items():
            yield ("with", name), expression, None


def _fitting(value: Value, kind: Type) -> Value:
    """What a service gave, as a variable of this type holds it; what does not fit is as if nothing came."""
    if kind == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    if kind == "yes_no":
        return value is True
    return "" if value is None else str(value)
