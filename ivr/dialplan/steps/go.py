"""`go`: go on with another section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ivr.dialplan.fields import SectionName
from ivr.dialplan.step import THEN, Go, Move, Step, Way
from ivr.dialplan.turn import Turn


class GoTo(Step):
    """Go on with another section."""

    verb: ClassVar[str] = "go"
    waits: ClassVar[bool] = False

    go: SectionName

    def enter(self, turn: Turn) -> Move:  # noqa: ARG002 -- the same for every call
        return Go(self.go)

    def ways(self) -> Iterator[Way]:
        yield Way(THEN, self.go, place=("go",))
