"""Numbers, units and dates as sequences of recorded pieces, with the grammar of each language.

A language that is not known here says nothing; the checker finds plans that would need it.

A piece is a prompt like any other; its text is given here, so that the pieces of all languages are built or recorded
with the catalogue. The sequences are what a person would say: «двадцать одна минута», «через две минуты».
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Literal

from ivr.dialplan import spoken_english, spoken_russian, spoken_tatar

Unit = Literal["minute", "second", "hour", "day", "call", "person", "request"]
Case = Literal["nominative", "genitive", "accusative"]
UNITS: tuple[Unit, ...] = ("minute", "second", "hour", "day", "call", "person", "request")

LARGEST = 999_999

Pieces = tuple[str, ...]
"""Ids of pieces, in the order in which they are said."""

_LANGUAGES = {"ru": spoken_russian, "en": spoken_english, "tt": spoken_tatar}


def languages() -> tuple[str, ...]:
    """Languages that can say numbers."""
    return tuple(_LANGUAGES)


def number(language: str, value: float, unit: Unit | None = None, case: Case = "nominative") -> Pieces:
    """A whole number, alone or with a unit in its right form; what lies outside 0…999 999 is said as the nearest."""
    whole = max(0, min(LARGEST, round(value)))
    module = _LANGUAGES.get(language)
    return module.number(whole, unit, case) if module else ()


def digits(language: str, text: str) -> Pieces:
    """Digit by digit; other characters are pauses in writing and are not said."""
    return tuple(
        piece for digit in text if digit.isascii() and digit.isdecimal() for piece in number(language, int(digit))
    )


def ordinal(language: str, value: float) -> Pieces:
    """A place in a row: «третий»; beyond 99 the plain number."""
    whole = max(0, min(LARGEST, round(value)))
    module = _LANGUAGES.get(language)
    return module.ordinal(whole) if module else ()


def day(language: str, value: date) -> Pieces:
    """A date without its year: «двадцать первое ноября»."""
    module = _LANGUAGES.get(language)
    return module.day(value.day, value.month) if module else ()


def clock(language: str, hours: int, minutes: int) -> Pieces:
    """A time of day: «восемь часов тридцать минут»."""
    said = number(language, hours % 24, "hour")
    return said + number(language, minutes % 60, "minute") if minutes % 60 else said


@lru_cache(maxsize=8)
def pieces(language: str) -> dict[str, str]:
    """Id and text of every piece of a language; {} when it can't say numbers."""
    module = _LANGUAGES.get(language)
    return dict(module.pieces()) if module else {}


def all_pieces() -> Iterator[tuple[str, str, str]]:
    """Language, id, text."""
    for language in _LANGUAGES:
        for piece, text in pieces(language).items():
            yield language, piece, text
