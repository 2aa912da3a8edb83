"""`collect`: digits, pressed or spoken, in a format that is checked at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from ivr.call.events import Heard
from ivr.dialplan import dictation
from ivr.dialplan.fields import Item, Name, Prompts, Seconds
from ivr.dialplan.formats import FORMATS, FormatName
from ivr.dialplan.step import THEN, Move, Next, Stay, Way
from ivr.dialplan.steps.question import NO_INPUT, Question
from ivr.dialplan.turn import Turn

PAUSE = "pause"
_DIGITS = "0123456789"


class Collect(Question):
    """Ask for digits; `#` ends them, `*` begins anew."""

    verb: ClassVar[str] = "collect"

    collect: Prompts
    into: Name = Field(description="The text variable that takes the answer.")
    format: FormatName = Field("digits", description="What is asked for; it is checked as soon as it is there.")
    least: int | None = Field(None, ge=1, le=20, description="Fewest digits, where the format leaves it open.")
    most: int | None = Field(None, ge=1, le=20, description="Most digits, where the format leaves it open.")
    pause_seconds: Seconds = Field(4.0, description="A pause of this length after a key ends the digits.")

    @property
    def question(self) -> tuple[Item, ...]:
        return self.collect

    @property
    def keys(self) -> tuple[str, ...]:
        return (*_DIGITS, "*", "#")

    @property
    def by_speech(self) -> bool:
        return True

    def open(self, turn: Turn, prompts: tuple[Item, ...]) -> Move:
        turn.pause_recording()
        return super().open(turn, prompts)

    def expected(self, turn: Turn) -> tuple[str, ...] | None:
        return dictation.words() if dictation.understood(turn.state.language) else None

    def on_key(self, turn: Turn, key: str) -> Move:
        turn.stop_playing()
        turn.stop_listening()
        turn.cancel_timer(NO_INPUT)
        doing = self.doing(turn)
        if key == "#":
            return self._complete(turn, doing.entered, by="key")
        entered = doing.entered + key if key in _DIGITS else ""
        turn.do(replace(doing, entered=entered))
        if len(entered) >= self._most:
            return self._complete(turn, entered, by="key")
        turn.set_timer(PAUSE, self.pause_seconds)
        return Stay()

    def on_timer(self, turn: Turn, timer: str) -> Move:
        if timer != PAUSE:
            return super().on_timer(turn, timer)
        entered = self.doing(turn).entered
        return self._complete(turn, entered, by="key") if entered else self.nothing_came(turn)

    def on_text(self, turn: Turn, heard: Heard) -> Move:
        read = dictation.birth_date if self.format == "birth_date" else dictation.digits
        found = [digits for spoken in (heard.text, *heard.alternatives) if (digits := read(spoken))]
        fitting = [digits for digits in found if self._kept(turn, digits) is not None]
        return self._complete(turn, (fitting or found or [""])[0], by="speech")

    def _complete(self, turn: Turn, digits: str, *, by: str) -> Move:
        self.close(turn)
        turn.cancel_timer(PAUSE)
        if by == "key":
            turn.note("key", personal={"keys": digits})
        kept = self._kept(turn, digits)
        if kept is None:
            return self.not_understood(turn)
        turn.put(self.into, kept)
        return Next()

    def _kept(self, turn: Turn, digits: str) -> str | None:
        if not self._least <= len(digits) <= self._most:
            return None
        today = turn.now.wall.astimezone(ZoneInfo(turn.plan.time_zone)).date()
        return FORMATS[self.format].keep(digits, today)

    @property
    def _least(self) -> int:
        return self.least or FORMATS[self.format].least

    @property
    def _most(self) -> int:
        return self.most or FORMATS[self.format].most

    def ways(self) -> Iterator[Way]:
        yield Way(THEN, None, "choice")
        yield from super().ways()
