"""Finding an expected phrase in what was heard."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words; ё counts as е, because recognition and admins write either."""
    return tuple(_WORD.findall(text.lower().replace("ё", "е")))


def contains_phrase(text: str, phrase: str) -> int:
    """How many words `phrase` has, when they stand side by side in `text`; else 0."""
    said, wanted = words_of(text), words_of(phrase)
    starts = range(len(said) - len(wanted) + 1) if wanted else ()
    return len(wanted) if any(said[start : start + len(wanted)] == wanted for start in starts) else 0


def longest_in(text: str, phrases: Iterable[str]) -> int:
    """The most words that one of `phrases` has in `text`: «не помогло» weighs more than the «помогло» in it."""
    return max((contains_phrase(text, phrase) for phrase in phrases), default=0)
