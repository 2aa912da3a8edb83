"""`notices`: say what ops want every caller to know now, such as an outage."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ivr.dialplan.step import Move, Next, Stay
from ivr.dialplan.steps.say import Spoken
from ivr.dialplan.turn import Turn


class Notices(Spoken):
    """Say the notices that are in force; nothing when there are none."""

    verb: ClassVar[str] = "notices"

    notices: Literal["all", None] = Field("all", description="All that are in force.")

    def enter(self, turn: Turn) -> Move:
        if not turn.now.notices:
            return Next()
        turn.play(turn.now.notices)
        return Stay()
