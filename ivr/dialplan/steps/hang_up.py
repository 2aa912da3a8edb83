"""`hang_up`: take leave and end the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ivr.call.events import Event, PromptFinished
from ivr.dialplan.fields import Item, Prompts
from ivr.dialplan.step import End, Move, Place, Stay, Step, Way, listed
from ivr.dialplan.turn import Turn


class HangUpStep(Step):
    """End the call, after a last word if one is given."""

    verb: ClassVar[str] = "hang_up"

    hang_up: Prompts | None = None

    @property
    def can_end(self) -> bool:
        return True

    def enter(self, turn: Turn) -> Move:
        if self.hang_up is None:
            return End("finished")
        turn.play(self.hang_up)
        return Stay()

    def react(self, turn: Turn, event: Event) -> Move:
        if isinstance(event, PromptFinished):
            turn.finished_playing()
            return End("finished")
        return Stay()

    def ways(self) -> Iterator[Way]:
        yield from ()

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from listed(("hang_up",), self.hang_up)
