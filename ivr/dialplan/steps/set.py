"""`set`: put values into variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from ivr.dialplan.expression import Expression
from ivr.dialplan.fields import ExpressionText, Name
from ivr.dialplan.step import Move, Next, Place, Step
from ivr.dialplan.turn import Turn


class SetVariables(Step):
    """Put values into variables of the plan, or into the call's `priority`."""

    verb: ClassVar[str] = "set"
    waits: ClassVar[bool] = False

    set: Mapping[Name, ExpressionText] = Field(min_length=1, description="variable: value")

    def enter(self, turn: Turn) -> Move:
        for name, expression in self.set.items():
            turn.put(name, turn.value(expression))
        return Next()

    def expressions(self) -> Iterator[tuple[Place, Expression, str | None]]:
        for name, expression in self.set.items():
            yield ("set", name), expression, f"variable {name}"
