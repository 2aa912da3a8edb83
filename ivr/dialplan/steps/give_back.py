"""`return`: the end of a plan that another one called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.dialplan.expression import Expression
from ivr.dialplan.fields import ExpressionText
from ivr.dialplan.step import Move, Place, Return, Step, Way
from ivr.dialplan.turn import Turn


class GiveBack(Step):
    """Go back to the plan that called this one, with a value if one is given."""

    verb: ClassVar[str] = "return"
    waits: ClassVar[bool] = False

    return_: ExpressionText | None = Field(None, alias="return", description="The value for the caller's `into`.")

    @property
    def can_end(self) -> bool:
        return True

    def enter(self, turn: Turn) -> Move:
        return Return(None if self.return_ is None else turn.value(self.return_))

    def ways(self) -> Iterator[Way]:
        yield from ()

    def expressions(self) -> Iterator[tuple[Place, Expression, str | None]]:
        if self.return_ is not None:
            yield ("return",), self.return_, "returned"
