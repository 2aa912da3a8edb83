"""What every verb of the language is: a frozen model of its YAML, and what it does in a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from ivr.call.events import Event
from ivr.dialplan.expression import Expression
from ivr.dialplan.fields import Item
from ivr.dialplan.state import Value

if TYPE_CHECKING:
    from ivr.dialplan.turn import Turn


THEN = "then"


@dataclass(frozen=True, slots=True)
class Stay:
    """The step waits for a further event."""


@dataclass(frozen=True, slots=True)
class Next:
    """The step is done; the one below it follows. `why` is the `when` of the way that was taken."""

    why: str = THEN


@dataclass(frozen=True, slots=True)
class Go:
    """On to the first step of `section`; `why` as in `Next`."""

    section: str
    why: str = THEN


@dataclass(frozen=True, slots=True)
class End:
    """The call ends from our side."""

    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """Through `plan` with these variables; what it returns goes `into` a variable of this plan."""

    plan: str
    variables: Mapping[str, Value]
    into: str | None
    why: str = THEN


@dataclass(frozen=True, slots=True)
class Return:
    """Back to the plan that called this one."""

    value: Value
    why: str = "return"


Move = Stay | Next | Go | End | Call | Return

Place = tuple[str | int, ...]
"""Where in the step something is written, for messages."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a step: `when` in a few words, to `section` (None: the step below)."""

    when: str
    section: str | None
    kind: Literal["choice", "no_input", "no_match", "talked", "other"] = "other"
    """What the caller did or didn't: for proofs about callers who stay silent or are never understood."""
    place: Place = ()
    """Where in the step the section is named."""


class Step(BaseModel):
    """One step of a section. `verb` is the key that makes a YAML mapping this step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: ClassVar[str]
    waits: ClassVar[bool] = True
    """Whether time passes in this step."""

    @property
    def can_end(self) -> bool:
        """Whether a call may end in this step by the plan's will."""
        return False

    def enter(self, turn: Turn) -> Move:
        """Begin the step."""
        raise NotImplementedError

    def resume(self, turn: Turn) -> Move:
        """Go on after the controller was another for a moment: what was under way in the world is begun anew."""
        turn.end_sounds()
        return self.enter(turn)

    def react(self, turn: Turn, event: Event) -> Move:  # noqa: ARG002 -- verbs that wait for nothing keep this one
        """Take an event that came while the step waits; what the step does not know changes nothing."""
        return Stay()

    def ways(self) -> Iterator[Way]:
        """All ways out; none means that the call ends here."""
        yield Way(THEN, None)

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        """All that the step may say, each with its place in the step."""
        yield from ()

    def expressions(self) -> Iterator[tuple[Place, Expression, str | None]]:
        """All expressions of the step but those that are said, and the type they must have: a type, `variable NAME`
        (as that variable), or None for any."""
        yield from ()


def listed(place: Place, prompts: tuple[Item, ...] | None) -> Iterator[tuple[Place, Item]]:
    """The items of a list of prompts, each with its place."""
    for index, prompt in enumerate(prompts or ()):
        yield (*place, index), prompt
