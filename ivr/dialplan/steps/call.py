"""`call`: let another plan do a part of the work, then go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from ivr.dialplan.expression import Expression
from ivr.dialplan.fields import ExpressionText, Name
from ivr.dialplan.step import Call, Move, Place, Step
from ivr.dialplan.turn import Turn


class CallPlan(Step):
    """Go through another plan; when it returns, the next step follows. Its variables are its own."""

    verb: ClassVar[str] = "call"
    waits: ClassVar[bool] = False

    call: Name = Field(description="The plan; it has no lines and ends its ways with `return`.")
    with_: Mapping[Name, ExpressionText] = Field(
        default={}, alias="with", description="variable of that plan: value to begin with"
    )
    into: Name | None = Field(None, description="The variable of this plan that takes what the other returns.")

    def enter(self, turn: Turn) -> Move:
        return Call(self.call, {name: turn.value(expression) for name, expression in self.with_.items()}, self.into)

    def expressions(self) -> Iterator[tuple[Place, Expression, str | None]]:
        for name, expression in self.with_.items():
            yield ("with", name), expression, None
