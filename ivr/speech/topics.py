"""What a caller's words are about: the admin's phrases and examples, weighed. Pure but for `load_topics`.

Every phrase found in the text gives its weight to its topic, less for words that the recogniser only nearly heard and
for words that already counted; likeness to the topic's examples adds to it. The topic with most weight wins; `none`
when nothing weighs enough, or when the text is most like what says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ivr.call.events import ALIKE
from ivr.errors import ConfigurationInvalid, Finding, IvrError
from ivr.speech import words
from ivr.speech.examples import Company, Example, Likeness, read_examples
from ivr.speech.matching import Match, Text, Vocabulary
from ivr.speech.phrases import Word
from ivr.speech.topic_file import Rule, Topic, read_topics

NONE = "none"

_ENOUGH = 0.5
_ENOUGH_HEARD = 1.2
"""Of what was recognised and may have been heard otherwise: a word or two made up of noise must not become a topic."""
_LEAST_SURE_HEARD = 0.28
"""Less sure are two in three topics that foreign speech seems to have, and one in a hundred that callers have."""
_SHARE_OF_EXAMPLES = 0.5
_SETTLED = (6.0, 0.6)
"""Least weight and margin to act on in the midst of speech: with 4, two more of 100 callers are cut off too early."""
_SETTLED_PAUSING = (2.0, 0.3)
_SETTLED_HALFWAY = (3.0, 0.6)
"""In a pause after "на", "и", "мой": more will follow, but it can hardly change anything."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What a text is about.

    `confidence` and `margin` (lead over the second) are 0–1; `matched` are the phrases that decided, strongest first;
    `alternatives` are the other topics that were found, with their share of the weight; `matters` says of a topic which
    part of it is meant, where its phrases tell.
    """

    topic: str
    confidence: float
    margin: float
    matched: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
    urgency: int = 0
    matters: Mapping[str, str] = field(default_factory=dict)


_NOTHING_FOUND = Classification(NONE, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Score:
    """`weight` is that of the phrases found, `of_phrases`, and of likeness to examples."""

    topic: Topic
    weight: float
    of_phrases: float
    matched: tuple[str, ...]
    matter: str


_SAYS_NOTHING = Topic(NONE, "", ())
"""It has examples but no phrases: greetings, hesitation, talk with somebody else in the room."""


class TopicModel:
    """Finds the topic of a text; one instance serves all calls."""

    def __init__(self, topics: Sequence[Topic], examples: Sequence[Example] = ()) -> None:
        self.topics = tuple(topics)
        self.examples = tuple(examples)
        self._company = Company(self.examples)
        self._rules: dict[Word, list[tuple[Topic, Rule]]] = defaultdict(list)
        """By the words that a phrase's first element may be: without one of them there is no need to look for it."""
        for topic in self.topics:
            for rule in topic.rules:
                for run in next(rule.phrase.elements).runs:
                    self._rules[run[0]].append((topic, rule))
        self._vocabulary = Vocabulary(
            word
            for topic in self.topics
            for rule in topic.rules
            for element in rule.phrase.elements
            for word in (*element.forbidden, *(word for run in element.runs for word in run))
        )

    def classify(self, text: str, alternatives: Sequence[str] = (), heard: float | None = None) -> Classification:
        """Find the topic of `text` and of the recogniser's `alternatives` to it together.

        What one reading has bent, another has straight, and what one has made up, most have not. Nothing is surer than
        the words it was found by: `heard` is the recogniser's confidence in them, 0–1.
        """
        scores = _together([self._scores(reading) for reading in (text, *alternatives)])
        found = self._judge(scores, _ENOUGH_HEARD if alternatives else _ENOUGH)
        if heard is None:
            return found
        sure = round(found.confidence * heard, 3)
        return replace(found, confidence=sure) if sure >= _LEAST_SURE_HEARD else _NOTHING_FOUND

    def settled(self, text: str, *, pausing: bool = False) -> Classification | None:
        """Return the topic when an unfinished text already fixes it beyond doubt, else None.

        While the caller is `pausing` less is likely to follow, so less is asked for.
        """
        unfinished = words.unfinished(text)
        if unfinished and not pausing:
            return None
        scores = self._scores(text)
        found = self._judge(scores, _ENOUGH)
        if found.topic == NONE:
            return None
        weight, margin = (_SETTLED_HALFWAY if unfinished else _SETTLED_PAUSING) if pausing else _SETTLED
        # Examples may say otherwise, but what cannot be taken back is settled by the admin's own phrases.
        return found if scores[0].of_phrases >= weight and found.margin >= margin else None

    def _scores(self, text: str) -> list[_Score]:
        said = Text(words.split(text), self._vocabulary)
        found: dict[str, dict[int, tuple[Topic, Rule, Match]]] = defaultdict(dict)
        for word in said.present:
            for topic, rule in self._rules.get(word, ()):
                if id(rule) not in found[topic.id] and (match := said.find(rule.phrase)):
                    found[topic.id][id(rule)] = (topic, rule, match)
        like = self._company.like(words.split(text))
        scores = [
            score
            for topic in (*self.topics, _SAYS_NOTHING)
            if (score := _score(topic, list(found[topic.id].values()), like.get(topic.id))).weight > 0
        ]
        return sorted(scores, key=lambda one: -one.weight)  # ties: as in the file

    def _judge(self, scores: Sequence[_Score], enough: float) -> Classification:
        if not scores or scores[0].weight < enough:
            return _NOTHING_FOUND
        best, rest = scores[0], scores[1:]
        second = rest[0].weight if rest else 0.0
        total = sum(score.weight for score in scores)
        share = best.weight / (best.weight + second)
        return Classification(
            topic=best.topic.id,
            confidence=round(share * (1 - 2 ** (-best.weight)), 3),
            margin=round((best.weight - second) / best.weight, 3),
            matched=best.matched,
            alternatives=tuple((score.topic.id, round(score.weight / total, 3)) for score in rest),
            urgency=best.topic.urgency,
            matters={score.topic.id: score.matter for score in scores if score.matter},
        )


def _together(readings: Sequence[Sequence[_Score]]) -> list[_Score]:
    """The mean scores of several readings of one utterance; what matched in the first of them comes first."""
    if len(readings) == 1:
        return list(readings[0])
    found: dict[str, list[_Score]] = defaultdict(list)
    for score in (score for reading in readings for score in reading):
        found[score.topic.id].append(score)
    scores = [
        _Score(
            same[0].topic,
            sum(score.weight for score in same) / len(readings),
            sum(score.of_phrases for score in same) / len(readings),
            tuple(dict.fromkeys(matched for score in same for matched in score.matched)),
            max(same, key=lambda score: score.weight if score.matter else 0.0).matter,
        )
        for same in found.values()
    ]
    return sorted(scores, key=lambda one: -one.weight)  # ties: as in the best reading


def _score(topic: Topic, found: list[tuple[Topic, Rule, Match]], like: Likeness | None) -> _Score:
    """Add up what was found for one topic: the strongest first, the weaker only for words that they add."""
    found.sort(key=lambda one: (-abs(one[1].weight) * one[2].closeness, one[1].line))  # ties: as in the file
    counted: set[int] = set()
    weight = 0.0
    matched: list[str] = []
    matters: dict[str, float] = defaultdict(float)
    for _, rule, match in found:
        fresh = len(match.places - counted) / len(match.places)
        if fresh:
            weight += rule.weight * match.closeness * fresh
            matters[rule.matter] += rule.weight * match.closeness * fresh
            counted |= match.places
            if rule.weight > 0:
                matched.append(rule.phrase.text)
    matters.pop("", None)
    matter = max(matters, key=lambda name: matters[name], default="")
    if matters.get(matter, 0.0) <= 0:
        matter = ""
    if like is None:
        return _Score(topic, weight, weight, tuple(matched), matter)
    if like.words:
        matched.append(ALIKE + " ".join(like.words))
    return _Score(topic, weight + _SHARE_OF_EXAMPLES * like.weight, weight, tuple(matched), matter)


def load_topics(file: Path) -> TopicModel:
    """Read the admin's topics, and the examples beside them; raises ConfigurationInvalid with all findings."""
    topics, findings = read_topics(_read(file), str(file))
    _refuse_errors(findings)
    beside = file.with_suffix(".examples.yaml")
    examples: list[Example] = []
    if beside.exists():
        examples, findings = read_examples(_read(beside), str(beside), {topic.id for topic in topics} | {NONE})
        _refuse_errors(findings)
    return TopicModel(topics, examples)


def _refuse_errors(findings: Sequence[Finding]) -> None:
    if any(finding.severity == "error" for finding in findings):
        raise ConfigurationInvalid(findings)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise IvrError("the topics cannot be read", where=str(file), hint="it must be a UTF-8 text file") from error
