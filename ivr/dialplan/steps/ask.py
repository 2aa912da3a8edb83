"""`ask`: a question with a choice of answers, given by a key or by speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.call.events import ALIKE, Heard
from ivr.dialplan.fields import Item, Key, Names, Phrases, Prompts, SectionName
from ivr.dialplan.model import Classified
from ivr.dialplan.phrases import longest_in
from ivr.dialplan.state import Value
from ivr.dialplan.step import Go, Move, Next, Place, Way, listed
from ivr.dialplan.steps.question import Question
from ivr.dialplan.turn import Turn
from ivr.journal.kinds import PHRASES_APART

ANY_TOPIC = "any"
TOPIC_PROMPT = "topic_"
"""`topic_access` names the topic `access` to callers, for `confirm`."""


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


class Confirm(BaseModel):
    """Ask back when it is not clear which topic was meant; a "no" offers the next likely one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    below: float = Field(
        0.5, gt=0, le=1, description="Ask back when the topic, as it was heard, is less sure than this."
    )
    before: Prompts = Field(
        description="Said before the topic's name, which is the prompt `topic_NAME`: «Вы звоните про…»"
    )
    after: Prompts = Field(description="Said after it: «Верно? Скажите да или нет, или нажмите один или два.»")
    yes: Phrases = ("да", "верно", "правильно", "ага", "yes")
    no: Phrases = ("нет", "неверно", "no")

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.yes, *self.no)


class Ask(Question):
    """Ask a question; the answer is a key or speech."""

    verb: ClassVar[str] = "ask"

    ask: Prompts
    choices: tuple[Choice, ...] = Field(
        min_length=1, description="The answers, in the order in which the prompt names them."
    )
    confirm: Confirm | None = None

    @property
    def question(self) -> tuple[Item, ...]:
        return self.ask

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(choice.key for choice in self.choices if choice.key)

    @property
    def by_speech(self) -> bool:
        return self._by_topic or any(choice.words for choice in self.choices)

    def expected(self, turn: Turn) -> tuple[str, ...] | None:
        if self.confirm is not None and self.doing(turn).offered:
            return self.confirm.words
        if self._by_topic:
            return None
        return tuple(phrase for choice in self.choices for phrase in choice.words or ())

    def on_key(self, turn: Turn, key: str) -> Move:
        self.close(turn)
        turn.note("key", {"key": key})
        if self.doing(turn).offered and key in ("1", "2"):
            return self._confirmed(turn, key == "1")
        for choice in self.choices:
            if choice.key == key:
                if choice.topic:
                    turn.set_topic(choice.topic[0], {"by": "key"}, {})
                return self._choose(choice)
        return self.not_understood(turn)

    def is_settled(self, turn: Turn, text: str, pausing: bool) -> bool:
        if not self._by_topic or self.doing(turn).offered:
            return False
        found = turn.plan.topics.settled(text, pausing=pausing)
        return found is not None and self._choice_for(found.topic) is not None

    def on_text(self, turn: Turn, heard: Heard) -> Move:
        text = heard.text
        if self.confirm is not None and self.doing(turn).offered:
            said_no, said_yes = longest_in(text, self.confirm.no), longest_in(text, self.confirm.yes)
            if said_no != said_yes:
                return self._confirmed(turn, said_yes > said_no)
        best = max(self.choices, key=lambda choice: longest_in(text, choice.words or ()))
        if longest_in(text, best.words or ()):
            return self._choose(best)
        return self._find_topic(turn, heard)

    # --- topics ---
    def _find_topic(self, turn: Turn, heard: Heard) -> Move:
        if not self._by_topic:
            return self.not_understood(turn)
        found = turn.plan.topics.classify(heard.text, heard.alternatives, heard.confidence)
        choice = self._choice_for(found.topic)
        if choice is None:
            return self.not_understood(turn)
        if self.confirm is not None and found.confidence < self.confirm.below and not self.doing(turn).offered:
            likely = (found.topic, *(topic for topic, _ in found.alternatives))
            turn.do(replace(self.doing(turn), matters=found.matters))
            return self._offer(turn, tuple(topic for topic in likely if self._choice_for(topic)))
        self._take(turn, found)
        return self._choose(choice)

    def _take(self, turn: Turn, found: Classified) -> None:
        turn.change(priority=max(turn.state.priority, found.urgency))
        facts: dict[str, Value] = {"confidence": round(found.confidence, 3), "margin": round(found.margin, 3)}
        alike = [words.removeprefix(ALIKE) for words in found.matched if words.startswith(ALIKE)]
        if phrases := [words for words in found.matched if not words.startswith(ALIKE)]:
            facts["phrases"] = PHRASES_APART.join(phrases)
        personal = {"alike": ", ".join(alike)} if alike else {}
        turn.set_topic(found.topic, {"by": "speech", **facts}, personal, found.matters.get(found.topic, ""))

    def _offer(self, turn: Turn, topics: tuple[str, ...]) -> Move:
        """Ask whether the first of `topics` is meant."""
        if not topics or self.confirm is None:
            return self.not_understood(turn)
        turn.do(replace(self.doing(turn), offered=topics))
        return self.open(turn, (*self.confirm.before, TOPIC_PROMPT + topics[0], *self.confirm.after))

    def _confirmed(self, turn: Turn, yes: bool) -> Move:
        topic, *others = self.doing(turn).offered
        if not yes:
            return self._offer(turn, tuple(others))
        turn.set_topic(topic, {"by": "confirmed"}, {}, self.doing(turn).matters.get(topic, ""))
        chosen = self._choice_for(topic)
        return self._choose(chosen) if chosen else self.not_understood(turn)

    def _choice_for(self, topic: str) -> Choice | None:
        """The choice that names the topic, or else the one for any."""
        if topic == "none":
            return None
        for wanted in (topic, ANY_TOPIC):
            for choice in self.choices:
                if wanted in (choice.topic or ()):
                    return choice
        return None

    def _choose(self, choice: Choice) -> Move:
        return Next(choice.label) if choice.go is None else Go(choice.go, choice.label)

    @property
    def _by_topic(self) -> bool:
        return any(choice.topic for choice in self.choices)

    # --- for the checker and the picture ---
    def ways(self) -> Iterator[Way]:
        for index, choice in enumerate(self.choices):
            yield Way(choice.label, choice.go, "choice", ("choices", index, "go"))
        yield from super().ways()

    def prompts(self) -> Iterator[tuple[Place, Item]]:
        yield from super().prompts()
        if self.confirm is not None:
            yield from listed(("confirm", "before"), self.confirm.before)
            yield from listed(("confirm", "after"), self.confirm.after)
            for index, choice in enumerate(self.choices):
                for number, topic in enumerate(choice.topic or ()):
                    if topic != ANY_TOPIC:
                        yield ("choices", index, "topic", number), TOPIC_PROMPT + topic
