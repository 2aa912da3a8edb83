"""What all questions share: keys and speech open at once, barge-in, silence and misunderstanding counted apart.

Both ways to answer are open from the first word of the prompt on, and either silences it. Silence and misunderstanding
want different words and often different ways out. When recognition is lost, the question goes on with keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from ivr.call.events import (
    Event,
    Heard,
    KeyPressed,
    PartlyHeard,
    PromptFinished,
    SpeechLost,
    SpeechStarted,
    TimerFired,
)
from ivr.dialplan import dictation
from ivr.dialplan.fields import Item, Prompts, Seconds, SectionName
from ivr.dialplan.state import Asking, Value
from ivr.dialplan.step import Go, Move, Place, Stay, Step, Way, listed
from ivr.dialplan.turn import Turn

NO_INPUT_WAY = "no input"
NO_MATCH_WAY = "no match"
NO_INPUT = "no_input"
SPEAKING = "speaking"
LONGEST_UTTERANCE_SECONDS = 25.0
"""The recogniser answers within its own 15 s of speech; this is for the day when it does not."""


class WhenNot(BaseModel):
    """What to do about silence or misunderstanding: say this and ask again so many times, then go on elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Prompts | None = Field(None, description="Said before listening again; without it the question is repeated.")
    again: int = Field(1, ge=0, le=5, description="How many times to ask again.")
    go: SectionName = Field(description="Where to go after that.")


class Question(Step):
    """A step that waits for an answer. Verbs say what to ask, what to expect, and what an answer means."""

    wait_seconds: Seconds = Field(5.0, description="How long to wait for an answer after the prompt.")
    no_input: WhenNot = Field(description="When the caller says and presses nothing.")
    no_match: WhenNot = Field(description="When the answer cannot be used.")
    by_keys: Prompts | None = Field(
        None, description="Said when recognition is not to be had: the question in keys alone."
    )

    # --- what a verb says ---
    @property
    def question(self) -> tuple[Item, ...]:
        raise NotImplementedError

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are an answer."""
        raise NotImplementedError

    @property
    def by_speech(self) -> bool:
        """Whether the question listens at all."""
        raise NotImplementedError

    def expected(self, turn: Turn) -> tuple[str, ...] | None:
        """The phrases to expect, or None for free speech."""
        raise NotImplementedError

    def on_key(self, turn: Turn, key: str) -> Move:
        raise NotImplementedError

    def on_text(self, turn: Turn, heard: Heard) -> Move:
        raise NotImplementedError

    def is_settled(self, turn: Turn, text: str, pausing: bool) -> bool:  # noqa: ARG002 -- for verbs that can tell
        """Whether nothing that can follow would change what an unfinished sentence means."""
        return False

    # --- the course of a question ---
    def enter(self, turn: Turn) -> Move:
        keys_only = not dictation.understood(turn.state.language)
        turn.do(Asking(keys_only=keys_only))
        if keys_only and not self.keys:
            return Go(self.no_match.go, NO_MATCH_WAY)
        typed = turn.take_typed()
        if not typed:
            return self.open(turn, self._worded(turn))
        self._note(turn)
        for number, key in enumerate(typed, 1):
            move = self.on_key(turn, key)
            if not isinstance(move, Stay):
                for later in typed[number:]:
                    turn.type_ahead(later)
                return move
        return Stay()

    def resume(self, turn: Turn) -> Move:
        turn.end_sounds()
        keys_only = not dictation.understood(turn.state.language)  # whoever listens now may listen again
        turn.do(replace(self.doing(turn), keys_only=keys_only, offered=()))
        return self.open(turn, self._worded(turn))

    def open(self, turn: Turn, prompts: tuple[Item, ...]) -> Move:
        """Ask, with both ways to answer open."""
        self._note(turn)
        turn.do(replace(self.doing(turn), speaking=False, settled=False, entered=""))
        turn.play(prompts, quietly=True)
        self._listen(turn)
        return Stay()

    def _note(self, turn: Turn) -> None:
        doing = self.doing(turn)
        facts: dict[str, Value] = {"attempt": 1 + doing.no_inputs + doing.no_matches, "language": turn.state.language}
        speech = self.by_speech and not doing.keys_only
        turn.note("menu", {**facts, "keys": ",".join(self.keys), "speech": speech})

    def react(self, turn: Turn, event: Event) -> Move:
        match event:
            case KeyPressed(key):
                return self.on_key(turn, key)
            case PromptFinished():
                turn.finished_playing()
                self._wait(turn)
            case SpeechStarted(listening) if listening == turn.state.listening:
                turn.stop_playing()
                turn.cancel_timer(NO_INPUT)
                turn.do(replace(self.doing(turn), speaking=True))
                turn.set_timer(SPEAKING, LONGEST_UTTERANCE_SECONDS)
            case Heard(listening) if listening == turn.state.listening:
                turn.finished_listening()
                return self._heard(turn, event)
            case PartlyHeard(listening, text, pausing) if listening == turn.state.listening:
                if not self.doing(turn).settled and self.is_settled(turn, text, pausing):
                    turn.do(replace(self.doing(turn), settled=True))
                    turn.finish_listening()
            case SpeechLost(listening) if listening in (turn.state.listening, "") and turn.state.listening is not None:
                turn.finished_listening()
                return self._speech_lost(turn, event.reason)
            case TimerFired(timer) if turn.fired(timer):
                return self.on_timer(turn, timer)
            case _:
                pass
        return Stay()

    def on_timer(self, turn: Turn, timer: str) -> Move:
        return self.nothing_came(turn) if timer == NO_INPUT else self.not_understood(turn)

    def nothing_came(self, turn: Turn) -> Move:
        """The caller did nothing: ask again, or take the way for it."""
        doing = self.doing(turn)
        self.close(turn)
        turn.note("no_input", {"attempt": doing.no_inputs + 1, "left": max(0, self.no_input.again - doing.no_inputs)})
        turn.do(replace(doing, no_inputs=doing.no_inputs + 1, offered=()))
        return self._again(turn, self.no_input, doing.no_inputs)

    def not_understood(self, turn: Turn) -> Move:
        """The answer is none: ask again, or take the way for it."""
        doing = self.doing(turn)
        self.close(turn)
        turn.note("no_match", {"attempt": doing.no_matches + 1, "left": max(0, self.no_match.again - doing.no_matches)})
        turn.do(replace(doing, no_matches=doing.no_matches + 1, offered=()))
        return self._again(turn, self.no_match, doing.no_matches)

    def close(self, turn: Turn) -> None:
        """Neither keys nor speech matter any more."""
        turn.stop_playing()
        turn.stop_listening()
        turn.cancel_timer(NO_INPUT)
        turn.cancel_timer(SPEAKING)

    def doing(self, turn: Turn) -> Asking:
        doing = turn.state.doing
        return doing if isinstance(doing, Asking) else Asking()

    # --- parts ---
    def _listen(self, turn: Turn) -> None:
        if self.by_speech and not self.doing(turn).keys_only:
            turn.listen(self.expected(turn))

    def _heard(self, turn: Turn, event: Heard) -> Move:
        if not event.text.strip():
            if turn.state.playing is not None and not self.doing(turn).speaking:
                self._listen(turn)  # a cough into the prompt is not an answer
                return Stay()
            return self.not_understood(turn)
        return self._understand(turn, event)

    def _understand(self, turn: Turn, heard: Heard) -> Move:
        self.close(turn)
        facts: dict[str, Value] = {"words": len(heard.text.split()), "language": turn.state.language}
        if heard.confidence is not None:
            facts["confidence"] = round(heard.confidence, 3)
        others = {"alternatives": " | ".join(heard.alternatives)} if heard.alternatives else {}
        turn.note("heard", facts, {"text": heard.text, **others})
        return self.on_text(turn, heard)

    def _speech_lost(self, turn: Turn, reason: str) -> Move:
        turn.note("speech_lost", {"reason": reason})
        turn.cancel_timer(SPEAKING)
        turn.do(replace(self.doing(turn), keys_only=True, speaking=False))
        if not self.keys:
            return Go(self.no_match.go, NO_MATCH_WAY)
        if self.by_keys is not None:
            turn.cancel_timer(NO_INPUT)
            turn.play(self.by_keys, quietly=True)
        elif turn.state.playing is None:
            self._wait(turn)
        return Stay()

    def _again(self, turn: Turn, remedy: WhenNot, already: int) -> Move:
        if already >= remedy.again:
            return Go(remedy.go, NO_INPUT_WAY if remedy is self.no_input else NO_MATCH_WAY)
        return self.open(turn, remedy.say or self._worded(turn))

    def _worded(self, turn: Turn) -> tuple[Item, ...]:
        """The question as it can be answered now."""
        return self.by_keys if self.doing(turn).keys_only and self.by_keys is not None else self.question

    def _wait(self, turn: Turn) -> None:
        if not self.doing(turn).speaking:
            turn.set_timer(NO_INPUT, self.wait_seconds)

    # --- for the checker and the picture ---
    def ways(self) -> Iterator[Way]:
        yield Way(NO_INPUT_WAY, self.no_input.go, "no_input", ("no_input", "go"))
        yield Way(NO_MATCH_WAY, self.no_match.go, "no_match", ("no_match", "go"))

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from listed((self.verb,), self.question)
        yield from listed(("no_input", "say"), self.no_input.say)
        yield from listed(("no_match", "say"), self.no_match.say)
        yield from listed(("by_keys",), self.by_keys)
