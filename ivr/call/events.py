"""What can happen to a call, whoever noticed it: Asterisk, a speech worker, a timer or the router.

Pure values. `line/events.py` translates Asterisk's frames to these; the dialplan, the terminal try-out, the tests
and the replay feed the same values to `dialplan.interpret.step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NewType

CallId = NewType("CallId", str)
"""12 lower-case characters, sortable by arrival: see `call.identity`."""

OfferEnd = Literal["no_answer", "declined", "unreachable", "withdrawn"]
QueueRefusal = Literal["full", "nobody", "closed"]
TalkEnd = Literal["caller", "operator", "transferred", "failed"]

ALIKE = "≈ "
"""Among the words that decided a topic: before those of the caller's own that are like its examples."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The call has come in on the line `dialled`; `caller` is the caller's number as signalled, "" when withheld."""

    dialled: str
    caller: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed one key: 0–9, *, #, A–D."""

    key: str


@dataclass(frozen=True, slots=True)
class PromptFinished:
    """The playback ended by itself, was stopped, or failed; `playback` is the name given in `effects.Play`."""

    playback: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The recogniser is sure that somebody is saying a word: reason enough to stop the prompt."""

    listening: str


@dataclass(frozen=True, slots=True)
class PartlyHeard:
    """What has been recognised so far while the caller still speaks; `pausing`: has been quiet for a moment."""

    listening: str
    text: str
    pausing: bool = False


@dataclass(frozen=True, slots=True)
class HeardWord:
    """One recognised word; times in seconds from the start of listening, confidence 0–1."""

    text: str
    start_seconds: float
    end_seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller has finished speaking. An empty `text` means that sound came but no word was made out."""

    listening: str
    text: str
    words: tuple[HeardWord, ...] = ()
    alternatives: tuple[str, ...] = ()

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the words; None for a text that was typed or not heard to its end."""
        return sum(word.confidence for word in self.words) / len(self.words) if self.words else None


@dataclass(frozen=True, slots=True)
class SpeechLost:
    """Recognition is not to be had for this call now (worker gone, all full); `reason` is for the journal."""

    listening: str
    reason: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The timer set by `effects.SetTimer` under this name ran out."""

    timer: str


@dataclass(frozen=True, slots=True)
class Queued:
    """The call waits in the queue; `position` counts from 1.

    `expected_wait_seconds` is the middle of the range that can be told, `at_most_seconds` its end; both may be unknown.
    `waited_seconds`: so far, when the queue took the call.
    """

    queue: str
    position: int
    expected_wait_seconds: float | None = None
    at_most_seconds: float | None = None
    waited_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class QueueRefused:
    """The queue does not take the call."""

    queue: str
    reason: QueueRefusal


@dataclass(frozen=True, slots=True)
class Offered:
    """The call rings at an operator."""

    operator: str


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """That operator did not take the call; it is back in its place in the queue."""

    operator: str
    reason: OfferEnd


@dataclass(frozen=True, slots=True)
class Connected:
    """Caller and operator hear each other."""

    operator: str


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The talk is over; when the operator left first the dialplan goes on (rating, goodbye)."""

    operator: str
    ended_by: TalkEnd


@dataclass(frozen=True, slots=True)
class BackToQueue:
    """The operator has put the caller back into a queue: "" and a `topic` of "" mean those of before.

    `urgent`: before others who wait.
    """

    operator: str
    queue: str = ""
    topic: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class CallbackKept:
    """The caller may hang up: the place in the queue is kept, and the number will be rung, in the call `call_back`."""

    call_back: str = ""


@dataclass(frozen=True, slots=True)
class CallbackRefused:
    """No callback; the call still waits in its place."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Transferred:
    """Somebody answered the outside telephone: caller and they hear each other."""

    transfer: str


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """The outside telephone rings or talks no more; `reason`: ended, no_answer, declined or unreachable."""

    transfer: str
    reason: str = "ended"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The service answered; `found` is empty when it knows nothing of what was asked."""

    lookup: str
    found: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """The service did not answer; `reason` is for the journal."""

    lookup: str
    reason: str = ""


LINE_LOST = 41
"""The cause (Q.850: temporary failure) of a call that ended because Asterisk itself went down."""


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller is gone; `cause` is the Q.850 cause code (16: normal clearing)."""

    cause: int = 16


Event = (
    Arrived
    | KeyPressed
    | PromptFinished
    | SpeechStarted
    | PartlyHeard
    | Heard
    | SpeechLost
    | TimerFired
    | Queued
    | QueueRefused
    | Offered
    | OfferEnded
    | Connected
    | TalkEnded
    | BackToQueue
    | CallbackKept
    | CallbackRefused
    | Transferred
    | TransferEnded
    | LookedUp
    | LookUpFailed
    | CallerHungUp
)
