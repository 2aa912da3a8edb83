"""`rate`: how did we do? 1 to 5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ivr.call.events import Heard
from ivr.dialplan import dictation
from ivr.dialplan.fields import Item, Prompts
from ivr.dialplan.step import THEN, Move, Next, Way
from ivr.dialplan.steps.question import Question
from ivr.dialplan.turn import Turn

_SCORES = ("1", "2", "3", "4", "5")


class Rate(Question):
    """Ask for a mark from 1 to 5; it goes into the journal."""

    verb: ClassVar[str] = "rate"

    rate: Prompts

    @property
    def question(self) -> tuple[Item, ...]:
        return self.rate

    @property
    def keys(self) -> tuple[str, ...]:
        return _SCORES

    @property
    def by_speech(self) -> bool:
        return True

    def expected(self, turn: Turn) -> tuple[str, ...] | None:
        return dictation.words() if dictation.understood(turn.state.language) else None

    def on_key(self, turn: Turn, key: str) -> Move:
        self.close(turn)
        turn.note("key", {"key": key})
        return self._score(turn, key)

    def on_text(self, turn: Turn, heard: Heard) -> Move:
        readings = map(dictation.digits, (heard.text, *heard.alternatives))
        found = [score for score in readings if score in _SCORES]
        return self._score(turn, (found or [""])[0])

    def _score(self, turn: Turn, score: str) -> Move:
        if score not in _SCORES:
            return self.not_understood(turn)
        turn.note("rated", {"score": int(score)})
        return Next()

    def ways(self) -> Iterator[Way]:
        yield Way(THEN, None, "choice")
        yield from super().ways()
