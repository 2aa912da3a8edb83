"""What every verb of the language is: a frozen model of its YAML, and what it does in a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from ivr.call.events import Event

if TYPE_CHECKING:
    from ivr.dialplan.turn import Turn


@dataclass(frozen=True, slots=True)
class Stay:
    """The step waits for a further event."""


@dataclass(frozen=True, slots=True)
class Next:
    """The step is done; the one below it follows."""


@dataclass(frozen=True, slots=True)
class Go:
    """On to the first step of `section`."""

    section: str


@dataclass(frozen=True, slots=True)
class End:
    """The call ends from our side."""

    reason: str


Move = Stay | Next | Go | End


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a step: `when` in a few words, to `section` (None: the step below)."""

    when: str
    section: str | None
    place: tuple[str | int, ...] = ()
    """Where in the step the section is named, for messages."""


class Step(BaseModel):
    """One step of a section. `verb` is the key that makes a YAML mapping this step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: ClassVar[str]

    def enter(self, turn: Turn) -> Move:
        """Begin the step."""
        raise NotImplementedError

    def react(self, turn: Turn, event: Event) -> Move:  # noqa: ARG002 -- verbs that wait for nothing keep this one
        """Take an event that came while the step waits; what the step does not know changes nothing."""
        return Stay()

    def ways(self) -> Iterator[Way]:
        """All ways out; none means that the call ends here."""
        yield Way("then", None)

    def prompts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """All prompts that the step may play, each with its place in the step."""
        yield from ()
