"""`topic`: the plan itself knows what the call is about."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ivr.dialplan.fields import Name
from ivr.dialplan.step import Move, Next, Step
from ivr.dialplan.turn import Turn


class SetTopic(Step):
    """From here on the call is about this topic; operators are chosen by it."""

    verb: ClassVar[str] = "topic"
    waits: ClassVar[bool] = False

    topic: Name = Field(description="A topic of dialplans/topics.yaml.")

    def enter(self, turn: Turn) -> Move:
        turn.set_topic(self.topic, {"by": "plan"}, {})
        return Next()
