"""`consent`: may this call be recorded? Only a key says yes; whoever presses nothing is served all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from ivr.call.events import Event, KeyPressed, PromptFinished, TimerFired
from ivr.dialplan.fields import AlsoNumber, Item, Key, Prompts, Seconds, SectionName, as_text
from ivr.dialplan.step import Go, Move, Next, Place, Stay, Step, Way, listed
from ivr.dialplan.turn import Turn

GIVEN, NOT_GIVEN = "consent", "no consent"
_LATE = "late"


class Consent(Step):
    """Ask for the consent to recording; answer and version of the notice go into the journal.

    Other keys are kept for the next question and do not cut the notice short: it has to be heard.
    """

    verb: ClassVar[str] = "consent"

    consent: Prompts
    version: Annotated[str, BeforeValidator(as_text), AlsoNumber(), Field(min_length=1, max_length=40)] = Field(
        description="Which wording was read out: the journal keeps it. A new one for every change of the text."
    )
    key: Key = Field("*", description="The key that says yes.")
    wait_seconds: Seconds = Field(1.5, description="How long the key is waited for after the notice.")
    without: SectionName = Field(description="The section for callers who do not consent.")

    def enter(self, turn: Turn) -> Move:
        if turn.state.consented:
            return Next(GIVEN)
        turn.note("consent_asked", {"version": self.version, "key": self.key})
        turn.play(self.consent)
        return Stay()

    def react(self, turn: Turn, event: Event) -> Move:
        match event:
            case KeyPressed(self.key):
                return self._answered(turn, given=True)
            case KeyPressed(key):
                turn.type_ahead(key)
                if turn.state.playing is None:
                    return self._answered(turn, given=False)
            case PromptFinished():
                turn.finished_playing()
                if turn.state.typed:
                    return self._answered(turn, given=False)
                turn.set_timer(_LATE, self.wait_seconds)
            case TimerFired(timer) if turn.fired(timer):
                return self._answered(turn, given=False)
            case _:
                pass
        return Stay()

    def _answered(self, turn: Turn, *, given: bool) -> Move:
        turn.change(consented=given)
        turn.note("consent", {"given": given, "version": self.version})
        return Next(GIVEN) if given else Go(self.without, NOT_GIVEN)

    def ways(self) -> Iterator[Way]:
        yield Way(GIVEN, None, "choice")
        yield Way(NOT_GIVEN, self.without, place=("without",))

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from listed(("consent",), self.consent)
