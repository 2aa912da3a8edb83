"""Finding an expected phrase in what was heard."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words; ё counts as е, because recognition and admins write either."""
    return tuple(_WORD.findall(text.lower().replace("ё", "е")))


def contains_phrase(text: str, phrase: str) -> bool:
    """True when the words of `phrase` stand side by side in `text`."""
    said, wanted = words_of(text), words_of(phrase)
    return bool(wanted) and any(
        said[start : start + len(wanted)] == wanted for start in range(len(said) - len(wanted) + 1)
    )
