"""A call without a telephone: the live interpreter in a world of its own, on a clock that jumps.

What callers and operators do comes from outside (a test's script, a person at a terminal); prompts take as long as
their text, and everything that happened is told in `facts`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.model import Plan
from ivr.dialplan.state import Now, State, Value
from ivr.dialplan.steps.consent import Consent
from ivr.dialplan.trace import Visit

Operators = Literal["free", "busy", "nobody", "closed", "full"]
"""How the queue takes the call: someone answers at once, everyone is busy, or it is refused."""

CHARACTERS_PER_SECOND = 14.0
ANSWER_SECONDS = 3.0
ANSWER_OF_A_SERVICE_SECONDS = 0.2
CallBacks = Literal["kept", "refused", "answering"]
"""What becomes of a wish to be called back; answering: an operator picks up just then."""
BUSY_POSITION = 3
BUSY_WAIT_SECONDS = 120.0
LONGEST_SETTLING = 1000


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened: `kind` as in the journal, or hears, says, presses, hung_up; `path` of the step."""

    at_seconds: float
    path: str
    kind: str
    data: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        details = ", ".join(f"{name} {value}" for name, value in self.data.items() if value not in (None, ""))
        return f"{self.at_seconds:7.1f} s  {self.path:<28} {self.kind} {details}".rstrip()


class Rehearsal:
    """One call on a plan; `begins` is aware of its zone.

    `chosen`: the topic that the caller chose on the web page. `outside`: telephones there that answer.
    `text_of(language, prompt)` gives a prompt's words. `consents`: whether the caller agrees to be recorded when asked;
    None: that, too, comes from outside.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        begins: datetime,
        caller: str = "",
        line: str = "",
        chosen: str = "none",
        operators: Operators = "free",
        waiting: Mapping[str, int] | None = None,
        notices: tuple[str, ...] = (),
        services: Mapping[str, Sequence[Mapping[str, Value] | None]] | None = None,
        outside: Collection[str] = (),
        call_backs: CallBacks = "kept",
        consents: bool | None = None,
        text_of: Callable[[str, str], str] = lambda _language, prompt: prompt,
    ) -> None:
        self.plan = plan
        self.operators = operators
        self.facts: list[Fact] = []
        self.visits: list[Visit] = []
        self.seconds = 0.0
        self.talking = False
        self._begins = begins
        self._waiting = dict(waiting or {})
        self._caller = caller
        self._notices = notices
        self._services = {service: list(answers) for service, answers in (services or {}).items()}
        self._outside = frozenset(outside)
        self._call_backs = call_backs
        self._consents = consents
        self._talk = ""
        self._text_of = text_of
        self._agenda: list[tuple[float, int, str, ev.Event]] = []
        self._sequence = 0
        dialled = line or (plan.lines[0] if plan.lines else "")
        self.state: State = interpret.begin(plan, dialled, caller, self._now(), chosen)
        self.feed(ev.Arrived(dialled, caller))

    # --- what comes from outside ---
    def feed(self, event: ev.Event) -> None:
        """Let an event happen now."""
        path = self.path
        self.state, effects, visits = interpret.step_traced(self.plan, self.state, event, self._now())
        self.visits += visits
        for effect in effects:
            self._carry_out(effect, path)

    def says(self, text: str) -> bool:
        """The caller says something, once the notice of recording is over; False when the plan does not listen."""
        if self._asked_for_consent is not None:
            self.silence()
        listening = self.state.listening
        if listening is None:
            return False
        self._tell("says", {"text": text})
        self.feed(ev.SpeechStarted(listening))
        self.wait(len(text) / CHARACTERS_PER_SECOND)
        if self.state.listening == listening:
            self.feed(ev.PartlyHeard(listening, text))
        if self.state.listening == listening:
            self.feed(ev.Heard(listening, text))
        return True

    def presses(self, keys: str) -> None:
        """The caller presses keys, one after another."""
        for key in keys:
            self._tell("presses", {"key": key})
            self.feed(ev.KeyPressed(key))
            self.wait(0.3)

    def hangs_up(self) -> None:
        self._tell("hangs_up")
        self.feed(ev.CallerHungUp())

    def operator_hangs_up(self) -> bool:
        """The talk ends; False when there is none."""
        if not self.talking:
            return False
        self.talking = False
        self._tell("talk_ended", {"ended_by": "operator"})
        self.feed(ev.TransferEnded(self._talk) if self._talk else ev.TalkEnded("operator", "operator"))
        return True

    # --- time ---
    def wait(self, seconds: float) -> None:
        """Let time pass, with all that is due in it."""
        until = self.seconds + seconds
        while self._agenda and self._agenda[0][0] <= until:
            self._next()
        self.seconds = max(self.seconds, until)

    def settle(self) -> None:
        """Let all prompts and answers of the world come to their end, until somebody has to do something."""
        for _ in range(LONGEST_SETTLING):
            if any(not isinstance(event, ev.TimerFired) for _, _, _, event in self._agenda):
                self._next()
            elif not self._answers_for_consent():
                return

    def _answers_for_consent(self) -> bool:
        """The caller says yes, or lets the question pass; False when nothing is asked, or others answer it."""
        asked = self._asked_for_consent
        if asked is None or self._consents is None:
            return False
        if self._consents:
            self.presses(asked.key)
        else:
            self._next()
        return True

    @property
    def _asked_for_consent(self) -> Consent | None:
        step = interpret.step_of(self.plan, self.state)
        return step if isinstance(step, Consent) and not self.finished else None

    def silence(self) -> None:
        """Nobody does anything until the plan does."""
        self.settle()
        told = len(self.facts)
        while self._agenda and len(self.facts) == told:
            self._next()
        self.settle()

    # --- what is so now ---
    @property
    def finished(self) -> bool:
        return self.state.finished

    @property
    def path(self) -> str:
        """Where the call is: section/number, with the plan's name before it when another plan was called."""
        state = self.state
        step = f"{state.section}/{state.index + 1}" if state.section else ""
        return step if state.plan == self.plan.name else f"{state.plan}/{step}"

    # --- the world ---
    def _carry_out(self, effect: fx.Effect, path: str) -> None:  # noqa: C901 -- one flat case an effect reads best
        match effect:
            case fx.Play(playback, prompts, language):
                length = sum(len(self._text_of(language, prompt)) for prompt in prompts) / CHARACTERS_PER_SECOND
                for prompt in prompts:
                    self._tell("hears", {"prompt": prompt, "language": language})
                self._later(playback, length + 0.3, ev.PromptFinished(playback))
            case fx.StopPlaying(playback):
                self._drop(playback)
            case fx.SetTimer(timer) | fx.CancelTimer(timer):
                self._drop(f"timer {timer}")
                if isinstance(effect, fx.SetTimer):
                    self._later(f"timer {timer}", effect.seconds, ev.TimerFired(timer))
            case fx.EnterQueue():
                self._queue(effect)
            case fx.LeaveQueue(reason):
                self._drop("queue")
                self._tell("leaves_queue", {"reason": reason})
            case fx.Transfer(transfer, to):
                self._transfer(transfer, to)
            case fx.EndTransfer(transfer):
                self.talking = False
                self._drop(transfer)
            case fx.LookUp() | fx.RequestCallback():
                self._ask(effect)
            case fx.HangUp(reason):
                self._agenda.clear()
                self._tell("hung_up", {"reason": reason})
            case fx.Note(kind, note_path, data, personal):
                shown = note_path.removeprefix(f"{self.plan.name}/") if note_path else path
                self._tell(kind, {**data, **personal}, shown)
            case _:  # music, answering and listening change nothing that a rehearsal shows
                pass

    def _ask(self, effect: fx.LookUp | fx.RequestCallback) -> None:
        if isinstance(effect, fx.RequestCallback):
            self._tell("asks_for_callback", {"number": effect.number})
            kept = self._call_backs == "kept"
            answer: ev.Event = ev.CallbackKept() if kept else ev.CallbackRefused(self._call_backs)
            self._later("queue", ANSWER_OF_A_SERVICE_SECONDS, answer)
            return
        self._tell("looks_up", {"service": effect.service, **effect.arguments})
        answers = self._services.get(effect.service, [{}])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        answer = ev.LookUpFailed(effect.lookup) if found is None else ev.LookedUp(effect.lookup, found)
        self._later(effect.lookup, ANSWER_OF_A_SERVICE_SECONDS, answer)

    def _transfer(self, transfer: str, to: str) -> None:
        self._tell("rings_outside", {"to": to})
        answers = to in self._outside
        event: ev.Event = ev.Transferred(transfer) if answers else ev.TransferEnded(transfer, "no_answer")
        self._later(transfer, ANSWER_SECONDS, event)

    def _queue(self, request: fx.EnterQueue) -> None:
        facts: dict[str, Value] = {"queue": request.queue, "topic": request.topic, "priority": request.priority}
        self._tell("enters_queue", facts | {"skills": ",".join(request.skills), "language": request.language})
        if self.operators == "free":
            self._later("queue", 0.0, ev.Queued(request.queue, 1, 0.0))
            self._later("queue", 0.1, ev.Offered("operator"))
            self._later("queue", ANSWER_SECONDS, ev.Connected("operator"))
        elif self.operators == "busy":
            self._later("queue", 0.0, ev.Queued(request.queue, BUSY_POSITION, BUSY_WAIT_SECONDS))
        else:
            self._later("queue", 0.0, ev.QueueRefused(request.queue, self.operators))

    def _next(self) -> None:
        due, _, _, event = heapq.heappop(self._agenda)
        self.seconds = max(self.seconds, due)
        if isinstance(event, ev.Connected | ev.Transferred):
            self.talking = True
            self._talk = event.transfer if isinstance(event, ev.Transferred) else ""
            self._tell("connected")
        self.feed(event)

    def _later(self, name: str, seconds: float, event: ev.Event) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (self.seconds + seconds, self._sequence, name, event))

    def _drop(self, name: str) -> None:
        self._agenda = [entry for entry in self._agenda if entry[2] != name]
        heapq.heapify(self._agenda)

    def _tell(self, kind: str, data: Mapping[str, Value] | None = None, path: str | None = None) -> None:
        self.facts.append(Fact(self.seconds, self.path if path is None else path, kind, data or {}))

    def _now(self) -> Now:
        return Now(
            self._begins + timedelta(seconds=self.seconds),
            self.seconds,
            self._waiting,
            self._notices,
            bool(self._caller),
        )
