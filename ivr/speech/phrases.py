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
from typing import Literal

from ivr.speech import words

_MOST_ALTERNATIVES = 200
_PIECE = re.compile(r"\s*(?:(?P<word>~?=?[а-яёa-z0-9-]+\*?)|(?P<group><[а-яёa-z0-9_ -]+>)|(?P<sign>[(|)+]))")


class PhraseInvalid(ValueError):
    """The phrase cannot be understood; the message says why, for an admin."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word to look for: `text` is a lemma, a beginning or an exact form, with е for ё."""

    text: str
    kind: Literal["lemma", "begins", "exact"] = "lemma"


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

    @property
    def elements(self) -> Iterator[Element]:
        """All elements, part by part."""
        for part in self.parts:
            yield from part


def parse(text: str, groups: Mapping[str, str]) -> Phrase:
    """Read one phrase; raises PhraseInvalid."""
    pieces = _pieces(text, groups, depth=0)
    parts: list[tuple[Element, ...]] = []
    current: list[Element] = []
    forbidden: list[Word] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece == "+":
            parts.append(_part(current, text))
            current = []
        elif piece == "(":
            runs, place = _alternatives(pieces, place, text)
            current.append(Element(runs, tuple(forbidden)))
            forbidden = []
        elif piece in ("|", ")"):
            raise PhraseInvalid(f'"{piece}" without "(" before it')
        elif piece.startswith("~"):
            forbidden.append(_word(piece[1:]))
        else:
            current.append(Element(((_word(piece),),), tuple(forbidden)))
            forbidden = []
    if forbidden:
        raise PhraseInvalid('a word must follow after the one with "~"')
    parts.append(_part(current, text))
    return Phrase(text, tuple(parts))


def _pieces(text: str, groups: Mapping[str, str], depth: int) -> list[str]:
    pieces: list[str] = []
    place = 0
    text = text.strip().lower()
    while place < len(text):
        found = _PIECE.match(text, place)
        if not found:
            raise PhraseInvalid(f'"{text[place:].strip()[:12]}" cannot be understood here')
        place = found.end()
        if found["group"]:
            name = found["group"][1:-1].strip()
            if name not in groups:
                raise PhraseInvalid(f"there is no group <{name}>")
            if depth >= 3:
                raise PhraseInvalid(f"groups are nested too deeply at <{name}>")
            pieces += ["(", *_pieces(groups[name], groups, depth + 1), ")"]
        else:
            pieces.append(found["word"] or found["sign"])
    return pieces


def _alternatives(pieces: Sequence[str], place: int, text: str) -> tuple[tuple[Run, ...], int]:
    """Read up to the closing bracket; nested brackets unfold."""
    runs: list[Run] = []
    current: list[Run] = [()]
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece in ("|", ")"):
            runs += current
            current = [()]
            if piece == ")":
                if not all(runs):
                    raise PhraseInvalid(f'an empty alternative in "{text}"')
                if len(runs) > _MOST_ALTERNATIVES:
                    raise PhraseInvalid(f"more than {_MOST_ALTERNATIVES} alternatives")
                return tuple(dict.fromkeys(runs)), place
        elif piece == "(":
            inner, place = _alternatives(pieces, place, text)
            current = [run + more for run in current for more in inner]
        elif piece == "+" or piece.startswith("~"):
            raise PhraseInvalid(f'"{piece}" does not work inside brackets')
        else:
            current = [(*run, _word(piece)) for run in current]
    raise PhraseInvalid('a "(" is never closed')


def _part(elements: Sequence[Element], text: str) -> tuple[Element, ...]:
    if not elements:
        raise PhraseInvalid(f'a word is missing in "{text}"')
    return tuple(elements)


def _word(piece: str) -> Word:
    if piece.startswith("="):
        return Word(words.plain(piece[1:]), "exact")
    if piece.endswith("*"):
        if len(piece) < 4:
            raise PhraseInvalid(f'"{piece}" would fit too many words: give at least three letters')
        return Word(words.plain(piece[:-1]), "begins")
    return Word(words.lemma(piece))
