"""`language`: speak another language from here on."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ivr.dialplan.step import Move, Next, Step
from ivr.dialplan.turn import Turn


class SpeakLanguage(Step):
    """Speak and understand this language from here on; operators are chosen by it."""

    verb: ClassVar[str] = "language"
    waits: ClassVar[bool] = False

    language: str = Field(pattern=r"^[a-z]{2}$", description="One of the plan's languages.")

    def enter(self, turn: Turn) -> Move:
        turn.change(language=self.language)
        turn.note("decided", {"choice": "language", "language": self.language})
        return Next()
