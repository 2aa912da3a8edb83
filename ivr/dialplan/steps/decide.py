"""`decide`: choose the way by conditions; the first that holds is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.dialplan.expression import Expression
from ivr.dialplan.fields import ExpressionText, SectionName
from ivr.dialplan.step import Go, Move, Next, Place, Step, Way
from ivr.dialplan.turn import Turn


class Branch(BaseModel):
    """One way: `{if: …, go: …}`, or at the end `{else: …}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    if_: ExpressionText | None = Field(None, alias="if")
    go: SectionName | None = None
    else_: SectionName | None = Field(None, alias="else", description="Where to go when no condition holds.")

    @model_validator(mode="after")
    def _whole(self) -> Branch:
        if (self.if_ is None) == (self.else_ is None) or (self.if_ is None) != (self.go is None):
            raise PydanticCustomError("branch", 'a branch is either "if" with "go", or "else" alone')
        return self

    @property
    def section(self) -> str:
        return self.go or self.else_ or ""

    @property
    def label(self) -> str:
        return f"if {self.if_.text}" if self.if_ else "else"


class Decide(Step):
    """Take the first branch whose condition holds; when none does, go on with the next step."""

    verb: ClassVar[str] = "decide"
    waits: ClassVar[bool] = False

    decide: tuple[Branch, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _else_last(self) -> Decide:
        for branch in self.decide[:-1]:
            if branch.else_ is not None:
                raise PydanticCustomError("branch", '"else" takes all that is left, so nothing may stand below it')
        return self

    def enter(self, turn: Turn) -> Move:
        for number, branch in enumerate(self.decide, 1):
            if branch.if_ is None or turn.value(branch.if_):
                condition = branch.if_.text if branch.if_ else "else"
                turn.note("decided", {"choice": str(number), "condition": condition, "to": branch.section})
                return Go(branch.section, branch.label)
        return Next("else")

    def ways(self) -> Iterator[Way]:
        for index, branch in enumerate(self.decide):
            yield Way(
                branch.label,
                branch.section,
                place=("decide", index, "go" if branch.if_ else "else"),
            )
        if self.decide[-1].else_ is None:
            yield Way("else", None)

    def expressions(self) -> Iterator[tuple[Place, Expression, str | None]]:
        for index, branch in enumerate(self.decide):
            if branch.if_ is not None:
                yield ("decide", index, "if"), branch.if_, "yes_no"
