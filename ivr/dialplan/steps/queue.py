"""`queue`: wait for an operator, then talk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ivr.call.effects import EnterQueue
from ivr.call.events import (
    BackToQueue,
    CallbackKept,
    CallbackRefused,
    Connected,
    Event,
    KeyPressed,
    OfferEnded,
    PromptFinished,
    Queued,
    QueueRefused,
    TalkEnded,
    TimerFired,
)
from ivr.dialplan.fields import Item, Key, Name, Names, Prompts, Seconds, SectionName
from ivr.dialplan.state import Value, Waiting
from ivr.dialplan.step import End, Go, Move, Place, Stay, Step, Way, listed
from ivr.dialplan.turn import Turn

CALLED_BACK = "callback taken"
CALLBACK = "callback"
AFTER_TALK = "after the talk"
REFUSED = "refused"
ADMISSION = "admission"
ANNOUNCEMENT = "announcement"
LONGEST_WAIT = "longest_wait"
ADMISSION_SECONDS = 10.0
"""The queue answers in milliseconds; a router that is just changing hands in a few seconds."""
TALKS_THAT_MAY_FAIL = 2


class Announce(BaseModel):
    """What the caller hears while waiting, beside the music."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Prompts
    expected: Prompts | None = Field(
        None, description="Said after it when the wait can be told: `at_most_minutes`, or `expected_minutes`."
    )
    every_seconds: Seconds = Field(30.0, description="From the end of one announcement to the beginning of the next.")


class LongestWait(BaseModel):
    """How long a caller may wait at most, and what then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Seconds
    go: SectionName

    @property
    def label(self) -> str:
        return f"after {self.seconds:g} s"


class Callback(BaseModel):
    """Being called back instead of waiting on the line; the place in the queue is kept. Needs the caller's number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Prompts = Field(description="The offer: «Если хотите, чтобы мы перезвонили, нажмите один».")
    key: Key = Field("1", description="The key that takes it.")
    after_seconds: Seconds = Field(60.0, description="How long a caller waits before it is offered.")
    go: SectionName = Field(description="Where to go when it is taken: say that we shall call.")
    refused: Prompts = Field(description="Said when it cannot be promised after all: why, and that the wait goes on.")
    answering: Prompts | None = Field(
        default=None, description="Said instead when an operator answers just now. Default: as when refused."
    )


class QueueStep(Step):
    """Wait for an operator with music and announcements; ends with the talk."""

    verb: ClassVar[str] = "queue"

    queue: Name
    skills: Names | None = Field(
        None,
        description="What the operator must be able to do. Default: the skill that is named like the call's topic.",
    )
    priority: int | None = Field(
        None, ge=0, le=9, description="0 is ordinary; higher is more urgent. Default: the call's priority."
    )
    operator: Name | None = Field(
        None, description="The operator who gets the call first, when there; after some seconds anybody who can."
    )
    announce: Announce | None = None
    callback: Callback | None = None
    longest_wait: LongestWait | None = None
    refused: SectionName = Field(description="Where to go when the queue takes no calls: full, closed, nobody there.")
    full: SectionName | None = Field(None, description="Where to go when as many wait as may. Default: as `refused`.")
    closed: SectionName | None = Field(None, description="Where to go when it is closed. Default: as `refused`.")
    nobody: SectionName | None = Field(
        None, description="Where to go when nobody who could take the call is there. Default: as `refused`."
    )
    then: SectionName | None = Field(
        None, description="Where to go when the operator has left. Default: the call ends."
    )

    @property
    def can_end(self) -> bool:
        return self.then is None

    def enter(self, turn: Turn) -> Move:
        turn.do(Waiting(self.queue, entered_seconds=turn.now.monotonic_seconds))
        self._enter_queue(turn)
        if self.longest_wait is not None:
            turn.set_timer(LONGEST_WAIT, self.longest_wait.seconds)
        return Stay()

    def resume(self, turn: Turn) -> Move:
        doing = turn.state.doing
        turn.end_sounds()
        if not isinstance(doing, Waiting):
            return self.enter(turn)
        turn.do(replace(doing, callback=""))
        self._enter_queue(turn)  # for the queue it is the same call, in the same place
        waited = turn.now.monotonic_seconds - doing.entered_seconds
        if self.longest_wait is not None:
            turn.set_timer(LONGEST_WAIT, max(self.longest_wait.seconds - waited, 1.0))
        if doing.admitted:
            self._admitted(turn, waited)
        return Stay()

    def _enter_queue(self, turn: Turn) -> None:
        call = turn.state
        priority = call.priority if self.priority is None else self.priority
        skills, operator = self.skills or (), self.operator or ""
        self._enter(turn, EnterQueue(self.queue, call.topic, call.language, skills, priority, operator))

    def _enter(self, turn: Turn, request: EnterQueue) -> None:
        turn.enter_queue(request)
        turn.set_timer(ADMISSION, ADMISSION_SECONDS)
        turn.start_music()

    def react(self, turn: Turn, event: Event) -> Move:
        doing = turn.state.doing
        if not isinstance(doing, Waiting):
            return Stay()
        match event:
            case Queued():
                self._queued(turn, doing, event)
            case QueueRefused(_, reason) if not doing.talking:
                return self._refused(turn, reason)
            case OfferEnded() if not doing.talking and turn.state.playing is None:
                turn.start_music()
            case Connected() | BackToQueue():
                self._operator_acts(turn, doing, event)
            case TalkEnded(_, ended_by):
                return self._talk_ended(turn, doing, ended_by)
            case KeyPressed() | CallbackKept() | CallbackRefused() if self.callback is not None:
                return self._callback(turn, doing, self.callback, event)
            case PromptFinished():
                turn.finished_playing()
                turn.start_music()
                self._announce_later(turn)
            case TimerFired(timer) if turn.fired(timer):
                return self._timer(turn, timer)
            case _:
                pass
        return Stay()

    def _queued(self, turn: Turn, doing: Waiting, standing: Queued) -> None:
        # A further `Queued` only tells a new place in the queue.
        turn.cancel_timer(ADMISSION)
        if not doing.admitted:
            turn.note(
                "queued",
                {
                    "queue": doing.queue,
                    "position": standing.position,
                    "expected_wait_seconds": standing.expected_wait_seconds,
                    "topic": turn.state.topic,
                    "priority": turn.state.priority,
                    "language": turn.state.language,
                    "waited_seconds": standing.waited_seconds,
                },
            )
            self._admitted(turn)
        expected, at_most = standing.expected_wait_seconds, standing.at_most_seconds
        told = replace(doing, position=standing.position, expected_wait_seconds=expected, at_most_seconds=at_most)
        turn.do(replace(told, admitted=True))

    def _admitted(self, turn: Turn, waited_seconds: float = 0.0) -> None:
        self._announce_later(turn)
        if self.callback is not None and turn.now.rings_back:
            turn.set_timer(CALLBACK, max(self.callback.after_seconds - waited_seconds, 1.0))

    def _refused(self, turn: Turn, reason: str) -> Move:
        turn.out_of_queue()
        turn.note("queue_refused", {"queue": self.queue, "reason": reason})
        own = self._own_ways().get(reason)
        return Go(own, reason) if own else Go(self.refused, REFUSED)

    def _own_ways(self) -> Mapping[str, str | None]:
        """By the reason for which the queue takes no calls: where to go; None: as for the others."""
        return {"full": self.full, "closed": self.closed, "nobody": self.nobody}

    def _operator_acts(self, turn: Turn, doing: Waiting, event: Connected | BackToQueue) -> None:
        if isinstance(event, Connected):
            self._connected(turn, doing)
        elif doing.talking:
            self._back_to_queue(turn, doing, event)

    def _connected(self, turn: Turn, doing: Waiting) -> None:
        turn.stop_playing()
        turn.stop_music()
        for timer in (ADMISSION, ANNOUNCEMENT, CALLBACK, LONGEST_WAIT):
            turn.cancel_timer(timer)
        turn.do(replace(doing, talking=True))
        turn.change(talked=True)

    def _talk_ended(self, turn: Turn, doing: Waiting, ended_by: str) -> Move:
        if not doing.talking:
            return Stay()
        turn.out_of_queue()
        if ended_by == "caller":
            return Stay()  # the caller's hang-up follows
        if ended_by == "failed" and doing.failed_talks < TALKS_THAT_MAY_FAIL:
            turn.do(Waiting(self.queue, failed_talks=doing.failed_talks + 1))
            self._enter_queue(turn)
            return Stay()
        return End("finished") if self.then is None else Go(self.then, AFTER_TALK)

    def _back_to_queue(self, turn: Turn, doing: Waiting, event: BackToQueue) -> None:
        """Another operator is needed. How long the caller waits at most, and what is heard, is as before."""
        turn.out_of_queue()
        topic = event.topic or turn.state.topic
        skills = self.skills or () if topic == turn.state.topic else ()
        if event.urgent:
            turn.put("priority", turn.state.priority + 1)
        if topic != turn.state.topic:
            turn.set_topic(topic, {"by": "operator"}, {})
        queue = event.queue or doing.queue
        turn.do(Waiting(queue, entered_seconds=turn.now.monotonic_seconds))
        self._enter(turn, EnterQueue(queue, topic, turn.state.language, skills, turn.state.priority))
        if self.longest_wait is not None:
            turn.set_timer(LONGEST_WAIT, self.longest_wait.seconds)

    def _timer(self, turn: Turn, timer: str) -> Move:
        if timer == ADMISSION:
            turn.leave_queue("no_answer")
            return self._refused(turn, "nobody")
        if timer == LONGEST_WAIT and self.longest_wait is not None:
            turn.leave_queue("longest_wait")
            return Go(self.longest_wait.go, self.longest_wait.label)
        doing = turn.state.doing
        if timer == ANNOUNCEMENT and self.announce is not None and isinstance(doing, Waiting):
            offer = self.callback.say if self.callback and doing.callback == "offered" else ()
            # A wait that is longer than was told is not told again to end in a minute.
            expected = self.announce.expected or () if doing.at_most_seconds else ()
            turn.play((*self.announce.say, *expected, *offer))
            turn.note("announced", {**self._waited(turn, doing), "position": doing.position})
        if timer == CALLBACK and self.callback is not None and isinstance(doing, Waiting):
            if doing.callback == "asked":
                self._no_callback(turn, doing, self.callback.refused, "no_answer")
                return Stay()
            turn.play(self.callback.say)
            turn.cancel_timer(ANNOUNCEMENT)
            turn.do(replace(doing, callback="offered"))
            turn.note("callback_offered", self._waited(turn, doing))
        return Stay()

    def _waited(self, turn: Turn, doing: Waiting) -> dict[str, Value]:
        return {"waited_seconds": round(turn.now.monotonic_seconds - doing.entered_seconds, 1)}

    def _callback(self, turn: Turn, doing: Waiting, offer: Callback, event: Event) -> Move:
        if isinstance(event, KeyPressed) and event.key == offer.key and doing.callback == "offered":
            turn.stop_playing()
            turn.start_music()
            turn.note("key", {"key": offer.key})
            turn.request_callback(turn.state.caller)
            turn.do(replace(doing, callback="asked"))
            turn.set_timer(CALLBACK, ADMISSION_SECONDS)
        elif isinstance(event, CallbackRefused) and doing.callback == "asked" and not doing.talking:
            turn.cancel_timer(CALLBACK)
            said = offer.answering if event.reason == "answering" else None
            self._no_callback(turn, doing, said or offer.refused, event.reason)
        elif isinstance(event, CallbackKept) and doing.callback == "asked" and not doing.talking:
            facts = {"queue": doing.queue, "call_back": event.call_back}
            turn.note("callback_accepted", facts, {"number": turn.state.caller})
            turn.out_of_queue()  # the place stays
            return Go(offer.go, CALLED_BACK)
        return Stay()

    def _no_callback(self, turn: Turn, doing: Waiting, said: tuple[Item, ...], reason: str) -> None:
        """The caller is told, and goes on waiting."""
        turn.do(replace(doing, callback=""))
        turn.note("callback_refused", {**self._waited(turn, doing), "queue": doing.queue, "reason": reason})
        turn.play(said)

    def _announce_later(self, turn: Turn) -> None:
        if self.announce is not None:
            turn.set_timer(ANNOUNCEMENT, self.announce.every_seconds)

    def ways(self) -> Iterator[Way]:
        if self.then is not None:
            yield Way(AFTER_TALK, self.then, "talked", ("then",))
        yield Way(REFUSED, self.refused, place=("refused",))
        for reason, section in self._own_ways().items():
            if section is not None:
                yield Way(reason, section, place=(reason,))
        if self.callback is not None:
            yield Way(CALLED_BACK, self.callback.go, "choice", ("callback", "go"))
        if self.longest_wait is not None:
            yield Way(self.longest_wait.label, self.longest_wait.go, place=("longest_wait", "go"))

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        if self.announce is not None:
            yield from listed(("announce", "say"), self.announce.say)
            yield from listed(("announce", "expected"), self.announce.expected or ())
        if self.callback is not None:
            yield from listed(("callback", "say"), self.callback.say)
            yield from listed(("callback", "refused"), self.callback.refused)
            yield from listed(("callback", "answering"), self.callback.answering or ())
