"""What the dialplan asks the world to do for a call.

Pure values, returned by `dialplan.interpret.step` and carried out in order by `call.session` (live), `dialplan`'s
try-out and tests, or the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Answer:
    """Take the call off the hook."""


@dataclass(frozen=True, slots=True)
class Play:
    """Say these prompts one after another without a gap; ends with `PromptFinished(playback)`.

    `prompts` are ids of the prompt catalogue in `language`; `playback` is unique within the call.
    """

    playback: str
    prompts: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Fall silent now; `PromptFinished` still follows."""

    playback: str


@dataclass(frozen=True, slots=True)
class StartMusic:
    """Play music on hold until `StopMusic`, a `Play`, or the talk."""


@dataclass(frozen=True, slots=True)
class StopMusic:
    """End the music."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Recognise what the caller says from now on, for one utterance; answers `Heard` or `SpeechLost`.

    `words`: the only words and phrases expected, or None for the whole vocabulary. `listening` is unique in the call.
    """

    listening: str
    language: str
    words: tuple[str, ...] | None = None
    trailing_silence_seconds: float = 0.6
    max_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class FinishListening:
    """What the caller has said until now is enough; `Heard` follows at once."""

    listening: str


@dataclass(frozen=True, slots=True)
class StopListening:
    """What the caller says is of no interest any more; no `Heard` follows."""

    listening: str


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Keep the sound of the call, both sides, from now to its end."""


@dataclass(frozen=True, slots=True)
class PauseRecording:
    """What is heard from now on stays out of the recording."""


@dataclass(frozen=True, slots=True)
class ResumeRecording:
    """What is heard from now on is recorded again."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Ask for `TimerFired(timer)` after so many seconds; a timer of that name already running is replaced."""

    timer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Stop the timer; no effect when it does not run."""

    timer: str


@dataclass(frozen=True, slots=True)
class EnterQueue:
    """Ask for an operator who has all of `skills`; answers `Queued` or `QueueRefused`, later `Offered`, `Connected`…

    `priority`: 0 ordinary, higher is more urgent. `preferred`: the operator whom the plan wants first.
    """

    queue: str
    topic: str
    language: str
    skills: tuple[str, ...] = ()
    priority: int = 0
    preferred: str = ""


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """The call no longer waits for an operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Keep the call's place in the queue and ring `number` when its turn comes; answers `CallbackKept` or
    `CallbackRefused`."""

    number: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Ring the outside telephone that is named `to` and let the caller talk there; answers `Transferred` and, in the
    end, `TransferEnded`."""

    transfer: str
    to: str
    ring_seconds: float


@dataclass(frozen=True, slots=True)
class EndTransfer:
    """Stop ringing there, or part the two."""

    transfer: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask a `service` of the hotline by name; answers `LookedUp` or `LookUpFailed`. `arguments` may be personal."""

    lookup: str
    service: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call from our side."""

    reason: str = "finished"


@dataclass(frozen=True, slots=True)
class Note:
    """One record for the journal: `kind` from `journal.record`, `path` of the step in the plan, the facts in `data`.

    Whatever was said by the caller or identifies a person goes into `personal`, never into `data`.
    """

    kind: str
    path: str
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


Effect = (
    Answer
    | Play
    | StopPlaying
    | StartMusic
    | StopMusic
    | Listen
    | FinishListening
    | StopListening
    | StartRecording
    | PauseRecording
    | ResumeRecording
    | SetTimer
    | CancelTimer
    | EnterQueue
    | LeaveQueue
    | RequestCallback
    | Transfer
    | EndTransfer
    | LookUp
    | HangUp
    | Note
)

Outcome = Literal["talked", "callback", "left", "ended", "failed"]
"""How a call ended, as reports count it: talked to an operator; will be called back; caller left while waiting or in
the menu; ended by the plan without an operator; failed by our fault."""
