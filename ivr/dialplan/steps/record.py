"""`record`: keep the sound of the call from here to its end."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ivr.dialplan.step import Move, Next, Step
from ivr.dialplan.turn import Turn


class Record(Step):
    """Record both sides until the call is over, talks included; digits that are asked for stay out of it.

    Nothing is recorded without consent: the checker proves it of every way through a plan, this step asks once more.
    """

    verb: ClassVar[str] = "record"
    waits: ClassVar[bool] = False

    record: Literal["call", None] = Field("call", description="The whole rest of the call.")

    def enter(self, turn: Turn) -> Move:
        if turn.state.consented:
            turn.start_recording()
        return Next()
