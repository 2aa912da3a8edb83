"""The little language in which an admin writes what callers say. Pure.

пароль              the word in any of its forms
взлом*              every word that begins so
=права              this form only
(войти|зайти)       one of these; each may be several words
<войти>             a named group of alternatives, written once under `groups`
не работать сайт    in this order, at most three other words between neighbours
пароль + забыть     in any order, near each other
~не приходить       "приходить" without "не" right before it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivr.speech import words

_ORDERED_GAP = 3
_ANY_ORDER_GAP = 5
_MOST_ALTERNATIVES = 200
_TOKEN = re.compile(r"\s*(?:(?P<word>~?=?[а-яёa-z0-9-]+\*?)|(?P<group><[а-яёa-z0-9_ -]+>)|(?P<sign>[(|)+]))")


class PhraseInvalid(ValueError):
    """The phrase cannot be understood; the message says why, for an admin."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word to look for: `text` is a lemma, a beginning (`kind` "begins") or a form ("exact")."""

    text: str
    kind: str = "lemma"

    def closeness(self, heard: str) -> float:
        """How well a heard word fits, 0–1."""
        if self.kind == "exact":
            return float(words.same(heard, self.text))
        if self.kind == "begins":
            return float(words.begins(heard, self.text))
        return words.closeness(heard, self.text)


Run = tuple[Word, ...]
"""Words one after another."""


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a phrase: any of `runs` may stand there, without any of `forbidden` right before it."""

    runs: tuple[Run, ...]
    forbidden: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """`parts` may stand in any order; the elements of a part stand in their own."""

    text: str
    parts: tuple[tuple[Element, ...], ...]

    def words(self) -> Iterator[Word]:
        """Every word that the phrase looks for."""
        for part in self.parts:
            for element in part:
                yield from (word for run in element.runs for word in run)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase was found: `places` are indexes of words in the text, `closeness` is the mean over them."""

    places: frozenset[int]
    closeness: float


def parse(text: str, groups: Mapping[str, str]) -> Phrase:
    """Read one phrase; raises PhraseInvalid."""
    tokens = _tokens(text, groups, depth=0)
    parts: list[tuple[Element, ...]] = []
    current: list[Element] = []
    forbidden: list[Word] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token == "+":
            parts.append(_part(current, text))
            current = []
        elif token == "(":
            runs, place = _alternatives(tokens, place, text)
            current.append(Element(runs, tuple(forbidden)))
            forbidden = []
        elif token in ("|", ")"):
            raise PhraseInvalid(f'"{token}" without "(" before it')
        elif token.startswith("~"):
            forbidden.append(_word(token[1:]))
        else:
            current.append(Element(((_word(token),),), tuple(forbidden)))
            forbidden = []
    if forbidden:
        raise PhraseInvalid('a word must follow after the one with "~"')
    parts.append(_part(current, text))
    return Phrase(text, tuple(parts))


def _tokens(text: str, groups: Mapping[str, str], depth: int) -> list[str]:
    tokens: list[str] = []
    place = 0
    text = text.strip().lower()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise PhraseInvalid(f'"{text[place:].strip()[:12]}" cannot be understood here')
        place = found.end()
        if found["group"]:
            name = found["group"][1:-1].strip()
            if name not in groups:
                raise PhraseInvalid(f"there is no group <{name}>")
            if depth >= 3:
                raise PhraseInvalid(f"groups are nested too deeply at <{name}>")
            tokens += ["(", *_tokens(groups[name], groups, depth + 1), ")"]
        else:
            tokens.append(found["word"] or found["sign"])
    return tokens


def _alternatives(tokens: Sequence[str], place: int, text: str) -> tuple[tuple[Run, ...], int]:
    """Read up to the closing bracket; nested brackets unfold."""
    runs: list[Run] = []
    current: list[Run] = [()]
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token in ("|", ")"):
            runs += current
            current = [()]
            if token == ")":
                if not all(runs):
                    raise PhraseInvalid(f'an empty alternative in "{text}"')
                if len(runs) > _MOST_ALTERNATIVES:
                    raise PhraseInvalid(f"more than {_MOST_ALTERNATIVES} alternatives")
                return tuple(dict.fromkeys(runs)), place
        elif token == "(":
            inner, place = _alternatives(tokens, place, text)
            current = [run + more for run in current for more in inner]
        elif token == "+" or token.startswith("~"):
            raise PhraseInvalid(f'"{token}" does not work inside brackets')
        else:
            current = [(*run, _word(token)) for run in current]
    raise PhraseInvalid('a "(" is never closed')


def _part(elements: Sequence[Element], text: str) -> tuple[Element, ...]:
    if not elements:
        raise PhraseInvalid(f'a word is missing in "{text}"')
    return tuple(elements)


def _word(token: str) -> Word:
    if token.startswith("="):
        return Word(token[1:], "exact")
    if token.endswith("*"):
        if len(token) < 4:
            raise PhraseInvalid(f'"{token}" would fit too many words: give at least three letters')
        return Word(token[:-1], "begins")
    return Word(words.lemma(token))


class Text:
    """A caller's words, prepared for looking up phrases."""

    __slots__ = ("_closeness", "words")

    def __init__(self, said: Sequence[str]) -> None:
        self.words = tuple(said)
        self._closeness: dict[Word, tuple[float, ...]] = {}

    def find(self, phrase: Phrase) -> Match | None:
        """Find the phrase's best place, if any."""
        best: Match | None = None
        for order in _orders(phrase.parts):
            elements = [element for part in order for element in part]
            gaps = [_ORDERED_GAP if place else _ANY_ORDER_GAP for part in order for place in range(len(part))]
            for places in self._ways(elements, gaps, 0, None):
                closeness = sum(fit for _, fit in places) / len(places)
                if best is None or closeness > best.closeness:
                    best = Match(frozenset(place for place, _ in places), closeness)
        return best

    def _ways(
        self, elements: Sequence[Element], gaps: Sequence[int], index: int, last: int | None
    ) -> Iterator[tuple[tuple[int, float], ...]]:
        """Every way to lay the elements from `index` on after the word at `last`."""
        if index == len(elements):
            yield ()
            return
        element = elements[index]
        for run in element.runs:
            for places in self._runs(run, 0 if last is None else last + 1, None if last is None else gaps[index]):
                if element.forbidden and self._forbidden(element.forbidden, places[0][0]):
                    continue
                for rest in self._ways(elements, gaps, index + 1, places[-1][0]):
                    yield places + rest

    def _runs(self, run: Run, start: int, gap: int | None) -> Iterator[tuple[tuple[int, float], ...]]:
        """Every place of a run of words that begins at `start` or at most `gap` words after it."""
        end = len(self.words) if gap is None else min(len(self.words), start + gap + 1)
        fits = self._fits(run[0])
        for place in range(start, end):
            if fits[place]:
                here = ((place, fits[place]),)
                if len(run) == 1:
                    yield here
                else:
                    for rest in self._runs(run[1:], place + 1, _ORDERED_GAP):
                        yield here + rest

    def _fits(self, word: Word) -> tuple[float, ...]:
        if word not in self._closeness:
            self._closeness[word] = tuple(word.closeness(heard) for heard in self.words)
        return self._closeness[word]

    def _forbidden(self, forbidden: Sequence[Word], place: int) -> bool:
        return any(fit for word in forbidden for fit in self._fits(word)[max(0, place - 2) : place])


def _orders(parts: Sequence[tuple[Element, ...]]) -> Iterator[tuple[tuple[Element, ...], ...]]:
    if len(parts) <= 1:
        yield tuple(parts)
        return
    for place, part in enumerate(parts):
        for rest in _orders([*parts[:place], *parts[place + 1 :]]):
            yield (part, *rest)
