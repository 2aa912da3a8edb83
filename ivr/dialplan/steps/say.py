"""`say`: say prompts to the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ivr.call.events import Event, PromptFinished
from ivr.dialplan.fields import Item, Prompts
from ivr.dialplan.step import Move, Next, Place, Stay, Step, listed
from ivr.dialplan.turn import Turn


class Say(Step):
    """Say prompts, then go on with the next step."""

    verb: ClassVar[str] = "say"

    say: Prompts

    def enter(self, turn: Turn) -> Move:
        turn.play(self.say)
        return Stay()

    def react(self, turn: Turn, event: Event) -> Move:
        if isinstance(event, PromptFinished) and event.playback == turn.state.playing:
            turn.finished_playing()
            return Next()
        return Stay()

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from listed(("say",), self.say)
