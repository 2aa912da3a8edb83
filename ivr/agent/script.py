"""What a test caller or a test operator does on the telephone. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_KEYS = frozenset("0123456789*#ABCD")
_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Say:
    """Speak this text with a synthesised voice."""

    text: str


@dataclass(frozen=True, slots=True)
class PlayFile:
    """Play this WAV file as it is: its loudness and its silences belong to the test."""

    path: Path


@dataclass(frozen=True, slots=True)
class Press:
    """Press one key: 0–9, *, #, A–D."""

    key: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


Action = Say | PlayFile | Press | Wait
Turn = tuple[Action, ...]
"""What is done in one go, when it is the caller's turn."""


@dataclass(frozen=True, slots=True)
class CallScript:
    """What the caller does.

    The first turn is taken `pause_seconds` after the hotline's menu begins, the next one at the next menu, and so on.
    Asked again, the caller repeats the turn, as people do; with `rephrase`, takes the next one. With
    `say_after_seconds` the turns follow each other from that moment after the answer, whatever the hotline does.
    Asked for consent to recording, the caller gives it when `consents`, else lets the question pass.
    `talk` is the turn with the operator. `hang_up_after_seconds` counts from the answer, `talk_seconds` from the
    moment the operator is there; None: the caller waits for the other side to hang up. `limit_seconds` ends it anyway.
    """

    turns: tuple[Turn, ...] = ()
    pause_seconds: float = 0.7
    rephrase: bool = False
    consents: bool = False
    say_after_seconds: float | None = None
    hang_up_after_seconds: float | None = None
    talk_seconds: float | None = None
    talk: Turn = ()
    answer_within_seconds: float = 10.0
    limit_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class OperatorScript:
    """What the operator does with each call offered.

    `answer_after_seconds` None: lets it ring. `decline`: refuses instead of answering. `talk`: done as soon as the
    caller is there. `talk_seconds` None: talks until the caller hangs up.
    """

    answer_after_seconds: float | None = 0.5
    decline: bool = False
    talk: Turn = ()
    talk_seconds: float | None = None


def keys(text: str) -> Turn:
    """Read `1w2`: press 1, wait a second, press 2. `ValueError` names the first letter that is not on the telephone."""
    actions: list[Action] = []
    for letter in text.upper():
        if letter == "W":
            actions.append(Wait(_WAIT_SECONDS))
        elif letter in _KEYS:
            actions.append(Press(letter))
        elif not letter.isspace():
            raise ValueError(f'"{letter}" is no key: there are 0–9, *, #, A–D, and w to wait a second')
    return tuple(actions)
