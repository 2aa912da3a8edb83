"""`say`: say prompts. A caller who knows what comes presses the key at once: it cuts the prompt and is kept for the
next question, unless the prompt has to be heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call.events import Event, KeyPressed, PromptFinished
from ivr.dialplan.fields import Item, Prompts
from ivr.dialplan.step import Move, Next, Place, Stay, Step, listed
from ivr.dialplan.turn import Turn


class Spoken(Step):
    """A step that lasts as long as its prompts."""

    def react(self, turn: Turn, event: Event) -> Move:
        match event:
            case PromptFinished():
                turn.finished_playing()
                return Next()
            case KeyPressed(key):
                turn.type_ahead(key)
                if self.can_be_cut:
                    turn.stop_playing()
                    return Next()
            case _:
                pass
        return Stay()

    @property
    def can_be_cut(self) -> bool:
        """Whether a key ends it early."""
        return True


class Say(Spoken):
    """Say prompts, then go on with the next step."""

    verb: ClassVar[str] = "say"

    say: Prompts
    whole: bool = Field(False, description="True when callers have to hear it to the end, such as a legal notice.")

    def enter(self, turn: Turn) -> Move:
        turn.play(self.say)
        return Stay()

    @property
    def can_be_cut(self) -> bool:
        return not self.whole

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from listed(("say",), self.say)
