"""Russian word forms: every case, number, gender and tense of a word, and its spelling with "ё"."""

from __future__ import annotations

from functools import cache
from typing import Any

_INFLECTED = frozenset(("NOUN", "ADJF", "ADJS", "VERB", "INFN", "PRTF", "PRTS", "NUMR", "NPRO", "COMP"))
_RARELY_SAID = frozenset(("PRTF", "GRND"))
_LIKELY = 0.1  # readings of a word less likely than this share of the best one are left out


@cache
def _morphology() -> Any:
    import pymorphy3  # loads a dictionary for a second: only when forms are asked for

    return pymorphy3.MorphAnalyzer()


def with_yo(word: str) -> str:
    """The word spelled with "ё" where nothing else is possible ("еще" → "ещё", but "все" stays)."""
    if "ё" in word or "е" not in word:
        return word
    spellings = {parse.word for parse in _morphology().parse(word) if parse.is_known}
    spelling = spellings.pop() if len(spellings) == 1 else word
    return spelling if isinstance(spelling, str) and spelling.replace("ё", "е") == word else word


def inflected(word: str) -> tuple[str, ...]:
    """The word and all its forms that are said; a word unknown to the dictionary is guessed from its ending."""
    parses = _morphology().parse(word)
    forms: dict[str, None] = {word: None}
    for parse in parses:
        if parse.score < parses[0].score * _LIKELY or parse.tag.POS not in _INFLECTED:
            continue
        said = (form.word for form in parse.lexeme if form.tag.POS not in _RARELY_SAID or form.word == word)
        forms.update(dict.fromkeys(said))
    return tuple(forms)
