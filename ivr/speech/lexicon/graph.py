"""The recognition graph: from the acoustic network's transitions to words, and the language model beside it.

HCLr.fst maps transitions of Kaldi's phone model to words; Gr.fst is the language model over the same word numbers.
Vosk composes both while it listens, or the first one with a grammar given at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ivr.speech.lexicon.language_model import END, START, History, LanguageModel
from ivr.speech.lexicon.phones import KALDI_NUMBER, PHONES, placed
from ivr.speech.lexicon.pronounce import Phones
from ivr.speech.lexicon.transducers import (
    ACCEPTOR_SORTED,
    TRANSDUCER_OUTPUT_SORTED,
    Intervals,
    Transducer,
    look_ahead_bytes,
)

UNKNOWN = "[unk]"
# Costs, as negative logarithms. A phone of an unknown word must cost more than a phone of a likely word.
SILENCE_COST = NO_SILENCE_COST = 0.7
UNKNOWN_PHONE_COST = 2.6
BLANK_INSIDE_PHONE_COST = 0.05  # sends trailing silence to the silence phone, which endpointing counts

_SILENCE_LOOP, _SILENCE_FORWARD = 1, 2  # silence is Kaldi's first phone


@dataclass(frozen=True, slots=True)
class Transitions:
    """Kaldi's transition numbers of a phone whose frames are `phone⁺ blank*`; the last of a state comes before its
    repeats, as Kaldi's reordering has it."""

    repeat: int
    into_blank: int
    leave: int
    repeat_blank: int
    leave_blank: int


def transitions(kaldi_phone: int) -> Transitions:
    """Transition numbers of any phone but silence, in the order of the model file's table."""
    first = 3 + 5 * (kaldi_phone - 2)
    return Transitions(*range(first, first + 5))


@dataclass(frozen=True, slots=True)
class Graph:
    """Contents of the graph's files; `words` are in the order of their numbers, from 1."""

    words: tuple[str, ...]
    lexicon: bytes
    grammar: bytes


def build(lexicon: Mapping[str, Iterable[Phones]], model: LanguageModel) -> Graph:
    """The graph of all words of the lexicon with their pronunciations; the language model may know no others."""
    tree = _Tree()
    for word in sorted(lexicon):
        for phones in lexicon[word]:
            tree.add(word, placed(phones))
    words = tree.numbered_words()
    number = {word: at + 1 for at, word in enumerate(words)}
    number[UNKNOWN] = len(words) + 1
    return Graph((*words, UNKNOWN), _LexiconGraph(number).build(tree), _grammar(model, number))


@dataclass(slots=True)
class _Tree:
    """Pronunciations as a tree of phones: words with a common beginning share it."""

    children: dict[int, _Tree] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    pronunciations: int = 0

    def add(self, word: str, phones: tuple[int, ...]) -> None:
        node = self
        node.pronunciations += 1
        for phone in phones:
            node = node.children.setdefault(phone, _Tree())
            node.pronunciations += 1
        node.words.append(word)

    def numbered_words(self) -> tuple[str, ...]:
        """Words in the order of the tree, so that those below any node have neighbouring numbers."""
        order: dict[str, None] = {}
        waiting = [self]
        while waiting:
            node = waiting.pop()
            order.update(dict.fromkeys(node.words))
            waiting.extend(reversed(node.children.values()))
        return tuple(order)


class _LexiconGraph:
    """Expands the tree to transitions: one loop over all words with optional silence between them."""

    def __init__(self, number: Mapping[str, int]) -> None:
        self._number = number
        self._final_label = len(number) + 1
        self._everything: Intervals = ((1, self._final_label + 1),)
        self._graph = Transducer()
        self._reached: dict[int, Intervals] = {}
        self._sounding: dict[tuple[int, int], tuple[int, int]] = {}
        self._tails: dict[tuple[int, ...], int] = {}

    def build(self, tree: _Tree) -> bytes:
        graph = self._graph
        loop, word_end = graph.new_state(), graph.new_state()
        for state in (0, word_end):
            silence = graph.new_state()
            graph.arc(state, 0, 0, NO_SILENCE_COST, loop)
            graph.arc(state, _SILENCE_FORWARD, 0, SILENCE_COST, silence)
            graph.arc(silence, _SILENCE_LOOP, 0, 0.0, silence)
            graph.arc(silence, 0, 0, 0.0, loop)
        graph.finals[loop] = 0.0
        self._tails[()] = word_end
        self._branch(tree, loop)
        self._unknown_words(loop, word_end)
        reached = [self._reached.get(state, self._everything) for state in range(graph.states)]
        const = graph.const_bytes(TRANSDUCER_OUTPUT_SORTED)
        return look_ahead_bytes(const, TRANSDUCER_OUTPUT_SORTED, reached, self._final_label)

    def _branch(self, node: _Tree, state: int) -> Intervals:
        """Arcs out of a node where several words are still possible; the numbers of those words."""
        numbers = {self._number[word] for word in node.words}
        for word in node.words:
            self._graph.arc(state, 0, self._number[word], 0.0, self._tails[()])
        below: list[tuple[int, int]] = []
        for phone, child in node.children.items():
            if child.pronunciations == 1:
                word, tail = _only_word(child)
                numbers.add(self._number[word])
                self._phone(state, phone, self._number[word], 0.0, self._tail(tail))
            else:
                following = self._graph.new_state()
                intervals = self._branch(child, following)
                self._reached[following] = intervals
                self._phone(state, phone, 0, 0.0, following)
                below.extend(intervals)
        return _merged([*below, *((one, one + 1) for one in numbers)])

    def _tail(self, phones: tuple[int, ...]) -> int:
        """The state from which only these phones remain to the end of a word already named; shared by all words."""
        if phones not in self._tails:
            state = self._graph.new_state()
            self._tails[phones] = state
            self._phone(state, phones[0], 0, 0.0, self._tail(phones[1:]))
        return self._tails[phones]

    def _phone(self, source: int, phone: int, word: int, cost: float, following: int) -> None:
        """One phone between two states: its frames, with or without blanks after them."""
        plain, with_blank = self._frames(phone, following)
        numbers = transitions(phone)
        self._graph.arc(source, numbers.leave, word, cost, plain)
        self._graph.arc(source, numbers.into_blank, word, cost, with_blank)

    def _frames(self, phone: int, following: int) -> tuple[int, int]:
        """States that repeat a phone's frame before `following`; shared by all arcs that lead there."""
        known = self._sounding.get((phone, following))
        if known:
            return known
        graph, numbers = self._graph, transitions(phone)
        plain, with_blank, blank = graph.new_state(), graph.new_state(), graph.new_state()
        graph.arc(plain, numbers.repeat, 0, 0.0, plain)
        graph.arc(plain, 0, 0, 0.0, following)
        graph.arc(with_blank, numbers.repeat, 0, 0.0, with_blank)
        graph.arc(with_blank, numbers.leave_blank, 0, 0.0, blank)
        graph.arc(blank, numbers.repeat_blank, 0, BLANK_INSIDE_PHONE_COST, blank)
        graph.arc(blank, 0, 0, 0.0, following)
        if following in self._reached:
            self._reached.update(dict.fromkeys((plain, with_blank, blank), self._reached[following]))
        self._sounding[phone, following] = plain, with_blank
        return plain, with_blank

    def _unknown_words(self, loop: int, word_end: int) -> None:
        """Any two or more phones, at a price, for what is not in the vocabulary."""
        inside = self._graph.new_state()
        routes = (
            (loop, "B", self._number[UNKNOWN], inside),
            (inside, "I", 0, inside),
            (inside, "E", 0, word_end),
        )
        for source, place, word, following in routes:
            for phone in PHONES:
                self._phone(source, KALDI_NUMBER[f"{phone}_{place}"], word, UNKNOWN_PHONE_COST, following)


def _only_word(node: _Tree) -> tuple[str, tuple[int, ...]]:
    """The one word left below a node, and the phones left to it."""
    tail: list[int] = []
    while not node.words:
        ((phone, node),) = node.children.items()
        tail.append(phone)
    return node.words[0], tuple(tail)


def _merged(intervals: list[tuple[int, int]]) -> Intervals:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return tuple(merged)


def _grammar(model: LanguageModel, number: Mapping[str, int]) -> bytes:
    """The language model as an acceptor: a state for each history, backing off without a word."""
    graph = Transducer()
    states: dict[History, int] = {(START,): 0}

    def state_of(history: History) -> int:
        while history not in model.following:
            history = history[1:]
        if history not in states:
            states[history] = graph.new_state()
        return states[history]

    for history, following in model.following.items():
        state = state_of(history)
        if history:
            graph.arc(state, 0, 0, model.backoff_costs[history], state_of(history[1:]))
        for word, cost in following.items():
            if word == END:
                graph.finals[state] = cost
            else:
                graph.arc(state, number[word], number[word], cost, state_of((*history, word)[-2:]))
    return graph.const_bytes(ACCEPTOR_SORTED)


def words_table(words: Iterable[str]) -> str:
    """Contents of words.txt."""
    return "<eps> 0\n" + "".join(f"{word} {at + 1}\n" for at, word in enumerate(words))
