"""A trigram language model counted from weighted sentences, with room for words that no sentence has.

Interpolated absolute discounting over a unigram model that mixes the sentences with general word frequencies.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

START, END = "<s>", "</s>"
History = tuple[str, ...]

_DISCOUNT = 0.9
_RAREST_KEPT = {1: 0.3, 2: 1.0}  # counts below which a bigram, a trigram is left to the shorter history
_SENTENCES_SHARE = 0.8  # of the unigram model; word frequencies and an equal share for each word make up the rest
_EQUAL_SHARE = 0.04
_LEAST_BACKOFF = 1e-4


@dataclass(slots=True)
class Counts:
    """How often (by weight) each word follows each history of no, one or two words."""

    following: dict[History, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))

    def add(self, sentences: Iterable[str], weight: float) -> None:
        for sentence in sentences:
            words = [START, *sentence.split(), END]
            for at in range(1, len(words)):
                for longest in range(min(at, 2) + 1):
                    self.following[tuple(words[at - longest : at])][words[at]] += weight

    def by_diversity(self) -> Counts:
        """Kneser and Ney's counts: a word counts after a shorter history by how many longer ones it follows.

        Sentences expanded from templates repeat the same words; how often they do says little, where they do a lot.
        """
        adjusted = Counts()
        for history, following in self.following.items():
            # Nothing longer goes before the start of a sentence, nor before two words.
            for word, count in following.items():
                if len(history) == 2 or history == (START,):
                    adjusted.following[history][word] = count
                if history:
                    adjusted.following[history[1:]][word] += min(1.0, count)
        return adjusted


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Costs (negative natural logarithms) of words after each history, and of forgetting its first word."""

    following: dict[History, dict[str, float]]
    backoff_costs: dict[History, float]


def estimate(counts: Counts, frequencies: Mapping[str, float]) -> LanguageModel:
    """The model of the words in `frequencies` (any scale, also zero); other words in the counts are ignored."""
    probabilities: dict[History, dict[str, float]] = {(): _unigrams(counts, frequencies)}
    backoff: dict[History, float] = {}

    def probability(history: History, word: str) -> float:
        while history:
            known = probabilities.get(history)
            if known is not None:
                if word in known:
                    return known[word]
                return backoff[history] * probability(history[1:], word)
            history = history[1:]
        return probabilities[()].get(word, 0.0)

    for length, rarest in _RAREST_KEPT.items():
        for history, following in sorted(counts.following.items()):
            if len(history) != length or history[1:] not in probabilities:
                continue
            if length == 2 and history[1] not in probabilities.get(history[:1], ()):
                continue  # a history that no path reaches
            known = probabilities[()]
            kept = {word: count for word, count in sorted(following.items()) if count >= rarest and word in known}
            if not kept or any(word != START and word not in known for word in history):
                continue
            total = sum(following.values())
            shorter = {word: probability(history[1:], word) for word in kept}
            own = {word: max(count - _DISCOUNT * min(1.0, count), 0.0) / total for word, count in kept.items()}
            left = 1 - sum(own.values())
            mixed = {word: own[word] + left * shorter[word] for word in kept}
            rest = (1 - sum(mixed.values())) / max(1 - sum(shorter.values()), 1e-9)
            probabilities[history] = mixed
            backoff[history] = max(rest, _LEAST_BACKOFF)
    following_costs = {
        history: {word: -math.log(share) for word, share in words.items()} for history, words in probabilities.items()
    }
    return LanguageModel(following_costs, {history: -math.log(share) for history, share in backoff.items()})


def _unigrams(counts: Counts, frequencies: Mapping[str, float]) -> dict[str, float]:
    seen = {word: count for word, count in counts.following[()].items() if word in frequencies}
    ends = counts.following[()][END]
    total, general = sum(seen.values()) + ends, sum(frequencies.values()) or 1.0
    others = 1 - _SENTENCES_SHARE - _EQUAL_SHARE
    shares = {
        word: _SENTENCES_SHARE * seen.get(word, 0.0) / total
        + others * frequency / general
        + _EQUAL_SHARE / len(frequencies)
        for word, frequency in sorted(frequencies.items())
    }
    return {**shares, END: ends / total * _SENTENCES_SHARE}
