"""`ask`: a question answered by a key or by speech, whichever comes first.

Both are open from the first word of the prompt on, and either silences it. Silence and misunderstanding are counted
apart, because they want different words and often different ways out. When recognition is lost, the question goes on
with keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.call.events import Event, Heard, KeyPressed, PartlyHeard, PromptFinished, SpeechLost, SpeechStarted, TimerFired
from ivr.dialplan.fields import Item, Key, Names, Phrases, Prompts, Seconds, SectionName
from ivr.dialplan.phrases import contains_phrase
from ivr.dialplan.state import Asking, Value
from ivr.dialplan.step import Go, Move, Next, Place, Stay, Step, Way, listed
from ivr.dialplan.turn import Turn

ANY_TOPIC = "any"
NO_INPUT_WAY = "no input"
NO_MATCH_WAY = "no match"
NO_INPUT = "no_input"
SPEAKING = "speaking"
LONGEST_UTTERANCE_SECONDS = 25.0
"""The recogniser answers within its own 15 s of speech; this is for the day when it does not."""


class Choice(BaseModel):
    """One answer to the question: how it is given, and where it leads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key | None = None
    topic: Names | None = Field(
        None,
        description='Topics that, when heard, are this answer; the key stands for the first. "any": every other topic.',
    )
    words: Phrases | None = Field(None, description="Words or phrases that, when heard, are this answer.")
    go: SectionName | None = Field(None, description="The section to go on with; without it the next step follows.")

    @model_validator(mode="after")
    def _can_be_given(self) -> Choice:
        if self.key is None and self.topic is None and self.words is None:
            raise PydanticCustomError("no_way_in", "nothing leads to this choice: give it a key, a topic or words")
        return self

    @property
    def label(self) -> str:
        """The choice in a trace or a picture: `key 1, access, “да”`."""
        parts = [f"key {self.key}"] if self.key else []
        parts += self.topic or ()
        parts += [f"“{phrase}”" for phrase in self.words or ()]
        return ", ".join(parts)


class WhenNot(BaseModel):
    """What to do about silence or misunderstanding: say this and ask again so many times, then go on elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Prompts | None = Field(None, description="Said before listening again; without it the question is repeated.")
    again: int = Field(1, ge=0, le=5, description="How many times to ask again.")
    go: SectionName = Field(description="Where to go after that.")


class Ask(Step):
    """Ask a question; the answer is a key or speech."""

    verb: ClassVar[str] = "ask"

    ask: Prompts
    choices: tuple[Choice, ...] = Field(
        min_length=1, description="The answers, in the order in which the prompt names them."
    )
    wait_seconds: Seconds = Field(5.0, description="How long to wait for an answer after the prompt.")
    no_input: WhenNot = Field(description="When the caller says and presses nothing.")
    no_match: WhenNot = Field(description="When no choice fits what the caller said or pressed.")
    by_keys: Prompts | None = Field(
        None, description="Said when recognition is not to be had: the question in keys alone."
    )

    def enter(self, turn: Turn) -> Move:
        turn.do(Asking())
        return self._open(turn, self.ask)

    def _open(self, turn: Turn, prompts: tuple[Item, ...]) -> Move:
        doing = self._doing(turn)
        turn.note(
            "menu",
            {
                "attempt": 1 + doing.no_inputs + doing.no_matches,
                "language": turn.state.language,
                "keys": ",".join(choice.key for choice in self.choices if choice.key),
                "speech": self._by_speech and not doing.keys_only,
            },
        )
        turn.do(replace(doing, speaking=False))
        turn.play(prompts, quietly=True)
        self._listen(turn)
        return Stay()

    def _listen(self, turn: Turn) -> None:
        if self._by_speech and not self._doing(turn).keys_only:
            turn.listen(self._expected)

    def react(self, turn: Turn, event: Event) -> Move:
        match event:
            case KeyPressed(key):
                return self._key(turn, key)
            case PromptFinished(playback) if playback == turn.state.playing:
                turn.finished_playing()
                self._wait(turn)
            case SpeechStarted(listening) if listening == turn.state.listening:
                turn.stop_playing()
                turn.cancel_timer(NO_INPUT)
                turn.do(replace(self._doing(turn), speaking=True))
                turn.set_timer(SPEAKING, LONGEST_UTTERANCE_SECONDS)
            case Heard(listening) if listening == turn.state.listening:
                turn.finished_listening()
                return self._heard(turn, event)
            case PartlyHeard(listening, text, pausing) if listening == turn.state.listening:
                return self._partly_heard(turn, text, pausing)
            case SpeechLost(listening) if listening in (turn.state.listening, "") and turn.state.listening is not None:
                turn.finished_listening()
                return self._speech_lost(turn, event.reason)
            case TimerFired(timer) if turn.fired(timer):
                return self._no_input(turn) if timer == NO_INPUT else self._no_match(turn)
            case _:
                pass
        return Stay()

    # --- what came ---
    def _key(self, turn: Turn, key: str) -> Move:
        self._close(turn)
        turn.note("key", {"key": key})
        for choice in self.choices:
            if choice.key == key:
                if choice.topic:
                    turn.set_topic(choice.topic[0], {"by": "key"}, {})
                return self._choose(choice)
        return self._no_match(turn)

    def _heard(self, turn: Turn, event: Heard) -> Move:
        if not event.text.strip():
            if turn.state.playing is not None and not self._doing(turn).speaking:
                self._listen(turn)  # a cough into the prompt is not an answer
                return Stay()
            return self._no_match(turn)
        confidence = sum(word.confidence for word in event.words) / len(event.words) if event.words else None
        return self._understand(turn, event.text, confidence, event.alternatives)

    def _partly_heard(self, turn: Turn, text: str, pausing: bool) -> Move:
        """Act before the end of the sentence when nothing that can follow would change the topic."""
        if not any(choice.topic for choice in self.choices):
            return Stay()
        settled = turn.plan.topics.settled(text, pausing=pausing)
        if settled is None or self._choice_for(settled.topic) is None:
            return Stay()
        return self._understand(turn, text, None, ())

    def _understand(self, turn: Turn, text: str, confidence: float | None, alternatives: tuple[str, ...]) -> Move:
        self._close(turn)
        facts: dict[str, Value] = {"words": len(text.split()), "language": turn.state.language}
        if confidence is not None:
            facts["confidence"] = round(confidence, 3)
        personal = {"text": text, **({"alternatives": " | ".join(alternatives)} if alternatives else {})}
        turn.note("heard", facts, personal)
        for choice in self.choices:
            if choice.words and any(contains_phrase(text, phrase) for phrase in choice.words):
                return self._choose(choice)
        return self._by_topic(turn, text, alternatives)

    def _by_topic(self, turn: Turn, text: str, alternatives: tuple[str, ...]) -> Move:
        if not any(choice.topic for choice in self.choices):
            return self._no_match(turn)
        found = turn.plan.topics.classify(text, alternatives)
        choice = self._choice_for(found.topic)
        if choice is None:
            return self._no_match(turn)
        turn.change(priority=max(turn.state.priority, found.urgency))
        turn.set_topic(
            found.topic,
            {"by": "speech", "confidence": round(found.confidence, 3), "margin": round(found.margin, 3)},
            {"matched": ", ".join(found.matched)} if found.matched else {},
        )
        return self._choose(choice)

    def _choice_for(self, topic: str) -> Choice | None:
        """The choice that names the topic, or else the one for any."""
        if topic == "none":
            return None
        for wanted in (topic, ANY_TOPIC):
            for choice in self.choices:
                if wanted in (choice.topic or ()):
                    return choice
        return None

    def _speech_lost(self, turn: Turn, reason: str) -> Move:
        turn.note("speech_lost", {"reason": reason})
        turn.cancel_timer(SPEAKING)
        turn.do(replace(self._doing(turn), keys_only=True, speaking=False))
        if not any(choice.key for choice in self.choices):
            return Go(self.no_match.go, NO_MATCH_WAY)
        if self.by_keys is not None:
            turn.cancel_timer(NO_INPUT)
            turn.play(self.by_keys, quietly=True)
        elif turn.state.playing is None:
            self._wait(turn)
        return Stay()

    # --- what did not come ---
    def _no_input(self, turn: Turn) -> Move:
        doing = self._doing(turn)
        self._close(turn)
        turn.note("no_input", {"attempt": doing.no_inputs + 1, "left": max(0, self.no_input.again - doing.no_inputs)})
        turn.do(replace(doing, no_inputs=doing.no_inputs + 1))
        return self._again(turn, self.no_input, doing.no_inputs)

    def _no_match(self, turn: Turn) -> Move:
        doing = self._doing(turn)
        self._close(turn)
        turn.note("no_match", {"attempt": doing.no_matches + 1, "left": max(0, self.no_match.again - doing.no_matches)})
        turn.do(replace(doing, no_matches=doing.no_matches + 1))
        return self._again(turn, self.no_match, doing.no_matches)

    def _again(self, turn: Turn, remedy: WhenNot, already: int) -> Move:
        if already >= remedy.again:
            return Go(remedy.go, NO_INPUT_WAY if remedy is self.no_input else NO_MATCH_WAY)
        question = self.by_keys if self._doing(turn).keys_only and self.by_keys is not None else self.ask
        return self._open(turn, remedy.say or question)

    # --- parts ---
    def _wait(self, turn: Turn) -> None:
        if not self._doing(turn).speaking:
            turn.set_timer(NO_INPUT, self.wait_seconds)

    def _close(self, turn: Turn) -> None:
        turn.stop_playing()
        turn.stop_listening()
        turn.cancel_timer(NO_INPUT)
        turn.cancel_timer(SPEAKING)

    def _choose(self, choice: Choice) -> Move:
        return Next(choice.label) if choice.go is None else Go(choice.go, choice.label)

    def _doing(self, turn: Turn) -> Asking:
        doing = turn.state.doing
        return doing if isinstance(doing, Asking) else Asking()

    @property
    def _by_speech(self) -> bool:
        return any(choice.topic or choice.words for choice in self.choices)

    @property
    def _expected(self) -> tuple[str, ...] | None:
        """The phrases to expect, or None for free speech."""
        if any(choice.topic for choice in self.choices):
            return None
        return tuple(phrase for choice in self.choices for phrase in choice.words or ())

    # --- for the checker and the picture ---
    def ways(self) -> Iterator[Way]:
        for index, choice in enumerate(self.choices):
            yield Way(choice.label, choice.go, "choice", ("choices", index, "go"))
        yield Way(NO_INPUT_WAY, self.no_input.go, "no_input", ("no_input", "go"))
        yield Way(NO_MATCH_WAY, self.no_match.go, "no_match", ("no_match", "go"))

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from listed(("ask",), self.ask)
        yield from listed(("no_input", "say"), self.no_input.say)
        yield from listed(("no_match", "say"), self.no_match.say)
        yield from listed(("by_keys",), self.by_keys)
