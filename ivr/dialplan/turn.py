"""One turn of a call: an event has come, and steps say what follows from it.

A `Turn` lives within one call of `interpret.step`; it collects effects and the state to come, and knows which of the
things that a step starts must be ended when the call moves on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from typing import TYPE_CHECKING, Any

from ivr.call.effects import (
    CancelTimer,
    Effect,
    EndTransfer,
    EnterQueue,
    FinishListening,
    LeaveQueue,
    Listen,
    LookUp,
    Note,
    PauseRecording,
    Play,
    RequestCallback,
    ResumeRecording,
    SetTimer,
    StartMusic,
    StartRecording,
    StopListening,
    StopMusic,
    StopPlaying,
    Transfer,
)
from ivr.dialplan import names, spoken
from ivr.dialplan.expression import Expression
from ivr.dialplan.fields import Item
from ivr.dialplan.state import Doing, Now, State, Value
from ivr.dialplan.trace import Visit

if TYPE_CHECKING:
    from ivr.dialplan.model import Plan


MOST_KEYS_AHEAD = 20


class Turn:
    """See the module. Methods append effects in order and keep `state` in step with them."""

    def __init__(self, plan: Plan, state: State, now: Now) -> None:
        self.root = plan
        self.state = state
        self.now = now
        self.effects: list[Effect] = []
        self.visits: list[Visit] = []

    @property
    def plan(self) -> Plan:
        """The plan that the call is in: the line's own, or one that it called."""
        return self.root.called.get(self.state.plan, self.root)

    @property
    def path(self) -> str:
        """The step's name in the journal: plan/section/number, counted from 1 as people do."""
        state = self.state
        return f"{state.plan}/{state.section}/{state.index + 1}" if state.section else state.plan

    def change(self, **changes: Any) -> None:
        """Set fields of the state."""
        self.state = replace(self.state, **changes)

    def do(self, doing: Doing | None) -> None:
        self.change(doing=doing)

    def note(
        self, kind: str, data: Mapping[str, Value] | None = None, personal: Mapping[str, str] | None = None
    ) -> None:
        self.effects.append(Note(kind, self.path, data or {}, personal or {}))

    def name(self, kind: str) -> str:
        """A name that is new in this call."""
        self.change(names=self.state.names + 1)
        return f"{kind}{self.state.names}"

    # --- values ---
    def value(self, expression: Expression) -> str | int | float | bool:
        return names.value(expression, self.plan, self.state, self.now)

    def put(self, name: str, value: Value) -> None:
        """Set a variable of the plan, or the call's priority."""
        if name == "priority":
            self.change(priority=int(value) if isinstance(value, int | float) else 0)
            self.note("decided", {"choice": "priority", "priority": self.state.priority})
        else:
            self.change(variables={**self.state.variables, name: value})

    def set_topic(self, topic: str, facts: Mapping[str, Value], personal: Mapping[str, str], matter: str = "") -> None:
        """The call is about `topic`, and that `matter` of it, from here on."""
        self.change(topic=topic, matter=matter)
        known: dict[str, Value] = {"topic": topic, "language": self.state.language, "priority": self.state.priority}
        if matter:
            known["matter"] = matter
        self.note("topic", {**known, **facts}, personal)

    # --- sound ---
    def spoken(self, item: Item) -> tuple[str, ...]:
        """The prompts that say an item in the call's language."""
        if isinstance(item, str):
            return (item,)
        language, value = self.state.language, self.value(item.expression)
        if item.digits is not None:
            return spoken.digits(language, str(value))
        try:
            if item.date is not None:
                return spoken.day(language, date.fromisoformat(str(value)))
            if item.time is not None:
                moment = time.fromisoformat(str(value))
                return spoken.clock(language, moment.hour, moment.minute)
        except ValueError:  # there is nothing to say yet
            return ()
        amount = float(value) if isinstance(value, int | float) else 0.0
        if item.ordinal is not None:
            return spoken.ordinal(language, amount)
        return spoken.number(language, amount, item.unit, item.case)

    def play(self, items: tuple[Item, ...], *, quietly: bool = False) -> None:
        """Say `items`, instead of whatever is being said; `quietly`: the step writes its own record of it."""
        self.stop_playing()
        if self.state.music:
            self.stop_music()
        prompts = tuple(prompt for item in items for prompt in self.spoken(item))
        playback = self.name("p")
        self.change(playing=playback, saying=() if quietly else prompts)
        self.effects.append(Play(playback, prompts, self.state.language))

    def stop_playing(self) -> None:
        """Fall silent; the journal hears that the prompt was cut off."""
        if self.state.playing is not None:
            self.effects.append(StopPlaying(self.state.playing))
            self._said(interrupted=True)

    def finished_playing(self) -> None:
        """The prompt has been said to its end."""
        self._said(interrupted=False)

    def _said(self, *, interrupted: bool) -> None:
        if self.state.saying:
            self.note(
                "said",
                {"prompts": ",".join(self.state.saying), "language": self.state.language, "interrupted": interrupted},
            )
        self.change(playing=None, saying=())

    def start_music(self) -> None:
        if not self.state.music:
            self.change(music=True)
            self.effects.append(StartMusic())

    def stop_music(self) -> None:
        if self.state.music:
            self.change(music=False)
            self.effects.append(StopMusic())

    # --- recording ---
    def start_recording(self) -> None:
        """Keep the sound of the call from here on; there is one recording a call."""
        if not self.state.recording:
            self.change(recording="on")
            self.effects.append(StartRecording())

    def pause_recording(self) -> None:
        """What is said until the end of this step is nobody's but the caller's."""
        if self.state.recording == "on":
            self.change(recording="paused")
            self.effects.append(PauseRecording())

    def resume_recording(self) -> None:
        if self.state.recording == "paused":
            self.change(recording="on")
            self.effects.append(ResumeRecording())

    # --- keys ---
    def type_ahead(self, key: str) -> None:
        """Keep a key for the next question."""
        self.change(typed=(self.state.typed + key)[-MOST_KEYS_AHEAD:])

    def take_typed(self) -> str:
        """The keys that were pressed ahead; they are kept no more."""
        typed = self.state.typed
        self.change(typed="")
        return typed

    # --- hearing ---
    def listen(self, words: tuple[str, ...] | None) -> None:
        self.stop_listening()
        listening = self.name("l")
        self.change(listening=listening)
        self.effects.append(Listen(listening, self.state.language, words))

    def finish_listening(self) -> None:
        """Enough has been said; the recogniser is to answer now."""
        if self.state.listening is not None:
            self.effects.append(FinishListening(self.state.listening))

    def stop_listening(self) -> None:
        if self.state.listening is not None:
            self.effects.append(StopListening(self.state.listening))
            self.change(listening=None)

    def finished_listening(self) -> None:
        """The recogniser has answered; there is nothing to stop."""
        self.change(listening=None)

    # --- time ---
    def set_timer(self, timer: str, seconds: float) -> None:
        """Start a timer of this step; it ends with the step."""
        if timer not in self.state.timers:
            self.change(timers=(*self.state.timers, timer))
        self.effects.append(SetTimer(timer, seconds))

    def cancel_timer(self, timer: str) -> None:
        if timer in self.state.timers:
            self.change(timers=tuple(other for other in self.state.timers if other != timer))
            self.effects.append(CancelTimer(timer))

    def fired(self, timer: str) -> bool:
        """True when the step has been waiting for this timer; it runs no more."""
        if timer not in self.state.timers:
            return False
        self.change(timers=tuple(other for other in self.state.timers if other != timer))
        return True

    def look_up(self, service: str, arguments: Mapping[str, str]) -> str:
        """Ask a service; gives the name that its answer will carry."""
        lookup = self.name("q")
        self.effects.append(LookUp(lookup, service, arguments))
        return lookup

    # --- queue ---
    def enter_queue(self, request: EnterQueue) -> None:
        self.change(queue=request.queue)
        self.effects.append(request)

    def leave_queue(self, reason: str) -> None:
        if self.state.queue is not None:
            self.note("unqueued", {"queue": self.state.queue, "reason": reason})
            self.change(queue=None)
            self.effects.append(LeaveQueue(reason))

    def request_callback(self, number: str) -> None:
        self.effects.append(RequestCallback(number))

    def transfer(self, to: str, ring_seconds: float) -> str:
        """Ring an outside telephone; gives the name that what comes of it will carry."""
        name = self.name("t")
        self.change(transfer=name)
        self.effects.append(Transfer(name, to, ring_seconds))
        return name

    def transfer_is_over(self) -> None:
        """Nobody rings or talks there any more."""
        self.change(transfer=None)

    def end_transfer(self) -> None:
        if self.state.transfer is not None:
            self.effects.append(EndTransfer(self.state.transfer))
            self.change(transfer=None)

    def speak_language_of(self, plan: str) -> None:
        """Go on in a language that the plan speaks, the caller's own if it does."""
        spoken_there = self.root.called[plan].languages if plan in self.root.called else ()
        if spoken_there and self.state.language not in spoken_there:
            self.change(language=spoken_there[0])

    def out_of_queue(self) -> None:
        """The queue itself has let the call go: refused, or talked."""
        self.change(queue=None)

    def end_sounds(self) -> None:
        """Nothing is said, heard or waited for any more."""
        self.stop_playing()
        self.stop_listening()
        for timer in self.state.timers:
            self.cancel_timer(timer)
        self.stop_music()

    def leave_step(self) -> None:
        """End all that the step has under way."""
        self.end_sounds()
        self.leave_queue("moved_on")
        self.end_transfer()
        self.resume_recording()
        self.do(None)
