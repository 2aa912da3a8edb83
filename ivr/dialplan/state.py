"""All that the dialplan remembers about one call; frozen, and the same after a trip through JSON.

The plan itself is not part of it: a running call keeps the version of the plan that it began with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Now:
    """What the world is like at this event: `wall` is aware of its zone, `monotonic_seconds` never goes back.

    `waiting`: callers in each queue, as last known. `notices`: prompts that every caller is to hear before a menu.
    `rings_back`: this caller could be rung back at this time of day.
    """

    wall: datetime
    monotonic_seconds: float
    waiting: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    rings_back: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """An `ask` is open. Counts are of this ask, over all its repetitions."""

    no_inputs: int = 0
    no_matches: int = 0
    speaking: bool = False
    settled: bool = False
    """Enough was heard, and the recogniser is to say how surely."""
    keys_only: bool = False
    offered: tuple[str, ...] = ()
    """Topics that may be meant; the caller is being asked about the first."""
    matters: Mapping[str, str] = field(default_factory=dict)
    """Which part of these topics was meant, as far as the words told."""
    entered: str = ""
    """Digits pressed so far."""
    verb: Literal["ask"] = "ask"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The call is in a queue, rings at an operator, or talks to one."""

    queue: str
    admitted: bool = False
    talking: bool = False
    failed_talks: int = 0
    entered_seconds: float = 0.0
    callback: Literal["", "offered", "asked"] = ""
    position: int | None = None
    expected_wait_seconds: float | None = None
    at_most_seconds: float | None = None
    verb: Literal["queue"] = "queue"


@dataclass(frozen=True, slots=True)
class LookingUp:
    """A service has been asked."""

    lookup: str
    verb: Literal["look_up"] = "look_up"


@dataclass(frozen=True, slots=True)
class Transferring:
    """An outside telephone rings, or talks to the caller."""

    transfer: str
    talking: bool = False
    verb: Literal["transfer"] = "transfer"


Doing = Asking | Waiting | LookingUp | Transferring
"""What the step that the call is in needs to remember."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A plan that waits for the one it called; `into` names the variable for what comes back."""

    plan: str
    section: str
    index: int
    variables: Mapping[str, Value]
    into: str | None


@dataclass(frozen=True, slots=True)
class State:
    """One call in one plan.

    `section` and `index` (from 0) name the step it is in; "" before the call arrived. `playing`, `listening`, `timers`,
    `queue` and `transfer` name what is under way in the world, so that leaving a step ends all of it.
    """

    plan: str
    dialled: str
    caller: str
    language: str
    began_monotonic_seconds: float
    section: str = ""
    index: int = 0
    topic: str = "none"
    matter: str = ""
    """Which part of the topic, where its phrases tell it apart."""
    priority: int = 0
    variables: Mapping[str, Value] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    playing: str | None = None
    saying: tuple[str, ...] = ()
    listening: str | None = None
    timers: tuple[str, ...] = ()
    music: bool = False
    queue: str | None = None
    transfer: str | None = None
    doing: Doing | None = None
    typed: str = ""
    """Keys pressed before the question that they answer."""
    names: int = 0
    steps: int = 0
    talked: bool = False
    consented: bool = False
    recording: Literal["", "on", "paused"] = ""
    finished: bool = False

    @property
    def known(self) -> Mapping[str, Value]:
        """The variables of all plans that the call is in, for the operator's card; the line's own go first."""
        merged: dict[str, Value] = dict(self.variables)
        for frame in reversed(self.frames):
            merged |= frame.variables
        return merged

    @property
    def first_plan(self) -> str:
        """The plan that the call came in on; others are called by it."""
        return self.frames[0].plan if self.frames else self.plan

    def shifted(self, seconds: float) -> State:
        """The same on a machine whose monotonic clock is ahead by so much."""
        doing = self.doing
        if isinstance(doing, Waiting):
            doing = replace(doing, entered_seconds=doing.entered_seconds + seconds)
        return replace(self, began_monotonic_seconds=self.began_monotonic_seconds + seconds, doing=doing)


_STATES = TypeAdapter(State)


def dumped(state: State) -> bytes:
    """The state as JSON, for another controller to go on with."""
    return _STATES.dump_json(state)


def loaded(text: bytes) -> State:
    """The state from its JSON; `ValueError` when it is none."""
    return _STATES.validate_json(text)
