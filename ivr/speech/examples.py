"""Callers' sentences with their topics, and what a new sentence has in common with them. Pure.

Phrases say what certainly matters; no list of them foresees all that people say. Examples fill the gaps: every word and
pair of words speaks for the topics whose examples hold it more often than others do.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import compress

from ivr.dialplan.nodes import read
from ivr.errors import Finding
from ivr.speech import words

_RARE, _RARE_OF = 0.03, 0.3
"""What a clue never seen with a topic counts: so much of an example, among so many more."""
_COMMON = 1e-4
_MOST_AGAINST = -1.0
_ENDINGS_LOST = 5
"""Words that begin with the same letters are one clue more: recognition errs in endings."""
_SHARE_OF_BEGINNING, _SHARE_OF_PAIR = 0.7, 0.5
_WORDS_NAMED = 3

Clue = tuple[str, ...]
"""A lemma, two lemmas next to each other or with one word between, or the beginning of a word and "…"."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled sentence of a caller."""

    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a text has in common with the examples of one topic, and the words it has most in common, best first."""

    weight: float
    words: tuple[str, ...]


def read_examples(text: str, file: str, topics: Set[str]) -> tuple[list[Example], tuple[Finding, ...]]:
    """Read `topic: [sentence, …]` lists; returns the examples that could be read and everything that is wrong."""
    document = read(text, file)
    root = document.data
    if not isinstance(root, dict):
        return [], tuple(document.findings)
    found: list[Example] = []
    for topic, sentences in root.items():
        if topic not in topics:
            document.add(document.key_mark((topic,)), f'"{topic}" is no topic', f"known: {', '.join(sorted(topics))}")
        if not isinstance(sentences, list):
            document.add(document.value_mark((topic,)), f"{topic} needs a list of sentences", "- я забыл пароль")
            continue
        for index, sentence in enumerate(sentences):
            if isinstance(sentence, str) and sentence.strip():
                found.append(Example(topic, sentence.strip()))
            else:
                document.add(document.value_mark((topic, index)), "an example is a sentence", "- я забыл пароль")
    return found, tuple(document.findings)


class Company:
    """What words keep company with which topics, counted from examples."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.topics = tuple(dict.fromkeys(one.topic for one in examples))
        sizes = Counter(one.topic for one in examples)
        counts: dict[Clue, Counter[str]] = defaultdict(Counter)
        for one in examples:
            for clue in _clues(words.split(one.text)):
                counts[clue][one.topic] += 1
        self._speaks = {clue: self._weights(count, sizes) for clue, count in counts.items()}

    def _weights(self, count: Mapping[str, int], sizes: Mapping[str, int]) -> tuple[float, ...]:
        """For each topic, how much likelier the clue is with it than with any (a logarithm)."""
        shares = [(count[topic] + _RARE) / (sizes[topic] + _RARE_OF) for topic in self.topics]
        usual = sum(shares) / len(shares) + _COMMON
        return tuple(max(_MOST_AGAINST, math.log(share / usual)) for share in shares)

    def like(self, said: Sequence[str]) -> dict[str, Likeness]:
        """Likeness of a caller's words to the examples of each topic that they are like at all."""
        weights = [0.0] * len(self.topics)
        named: list[list[tuple[float, str]]] = [[] for _ in self.topics]
        for clue, word in _clues(said).items():
            if (speaks := self._speaks.get(clue)) is None:
                continue
            share = _share(clue)
            for index, weight in enumerate(speaks):
                weights[index] += share * weight
                if weight > 0 and len(clue) == 1:
                    named[index].append((-weight, word))
        return {
            topic: Likeness(weight, tuple(word for _, word in sorted(spoke)[:_WORDS_NAMED]))
            for topic, weight, spoke in zip(self.topics, weights, named, strict=True)
            if weight > 0
        }


def _clues(said: Sequence[str]) -> dict[Clue, str]:
    """The clues in a caller's words, each with the word it comes from."""
    return dict(_each_clue([word for word in said if word != words.UNKNOWN]))


def _each_clue(said: Sequence[str]) -> Iterator[tuple[Clue, str]]:
    lemmas = [words.lemma(word) for word in said]
    telling = [word not in words.LINKING for word in said]
    for word, lemma in compress(zip(said, lemmas, strict=True), telling):
        yield (lemma,), word
        if len(word) >= _ENDINGS_LOST:
            yield (words.plain(word)[:_ENDINGS_LOST], "…"), word
    for distance in (1, 2):
        for at in range(len(said) - distance):
            if telling[at] or telling[at + distance]:
                yield (lemmas[at], *[""] * (distance - 1), lemmas[at + distance]), said[at]


def _share(clue: Clue) -> float:
    if len(clue) == 1:
        return 1.0
    return _SHARE_OF_BEGINNING if clue[-1] == "…" else _SHARE_OF_PAIR
