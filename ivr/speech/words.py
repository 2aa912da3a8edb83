"""Russian words as a recogniser and callers leave them: normal form, lemmas, closeness, fillers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import pymorphy3
from rapidfuzz.distance import DamerauLevenshtein

UNKNOWN = "[unk]"
"""What the recogniser writes for speech that is none of its words."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = _set("алло вот ну эй эм эх ээ мм ммм но то так это ах ох ой хм")
_HANGING = _set(
    "а без бы в во для до если же за и из или из-за к как ко когда которая которое который которые ли меня мне мой моя"
    " мою моё на не ни но о об от по под потому при про с свой свою со там у через что чтобы это я"
)
LINKING = (
    FILLERS
    | _HANGING
    | _set("бы был была было быть вас вам вы да ещё он она они оно мы ну нет нас нам свой ты уже хорошо")
)
"""What people say whatever they talk about."""
_WORD = re.compile(r"[а-яёa-z]+(?:-[а-яёa-z]+)*|\d+|\[unk\]")


@lru_cache(maxsize=1)
def _analyzer() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")


def split(text: str) -> list[str]:
    """Return the words of `text` in lower case; punctuation is gone, ё is kept."""
    return _WORD.findall(text.lower())


def real(text: str) -> list[str]:
    """Return the words that a caller meant as words: no hesitation, no lone vowel (noise gives those)."""
    return [word for word in split(text) if word != UNKNOWN and word not in FILLERS and len(word) > 1]


def unfinished(text: str) -> bool:
    """Tell whether a sentence can hardly end here ("у меня", "чтобы"): the caller only draws breath."""
    words = [word for word in split(text) if word != UNKNOWN]
    return bool(words) and (words[-1] in _HANGING or words[-1] in FILLERS)


def plain(word: str) -> str:
    """Return the word with е for ё: callers' and admins' texts differ in that only by habit."""
    return word.replace("ё", "е")


@lru_cache(maxsize=50_000)
def lemmas(word: str) -> frozenset[str]:
    """Return every dictionary form that `word` may come from (an ending lost on the line leaves several), ё as е."""
    found = {parse.normal_form for parse in _analyzer().parse(word)[:6]}
    return frozenset(plain(form) for form in found | {word})


@lru_cache(maxsize=50_000)
def lemma(word: str) -> str:
    """Return the most likely dictionary form of `word`, ё as е."""
    return plain(str(_analyzer().parse(word)[0].normal_form))


@lru_cache(maxsize=50_000)
def forms(word: str) -> frozenset[str]:
    """Return all inflected forms of `word`, itself included."""
    best = _analyzer().parse(word)[0]
    return frozenset({word} | {form.word for form in best.lexeme})


def closeness(heard: str, wanted: str) -> float:
    """Compare a heard form with a wanted lemma: from 0.85 on they are one word misheard, 0 means another word.

    Recognition errs in endings first, so words that share a long beginning count as near.
    """
    if min(len(heard), len(wanted)) < 5:
        return 0.0
    shared = _shared_beginning(heard, wanted)
    if shared >= 6 and shared >= max(len(heard), len(wanted)) - 3:
        return 0.9
    if _analyzer().word_is_known(heard):
        return 0.0  # a word of its own; beyond the ending anything may be near anything
    distance = DamerauLevenshtein.distance(heard, wanted, score_cutoff=2)
    return 0.85 if (distance == 1 and shared >= 3) or (distance == 2 and shared >= 5) else 0.0


def _shared_beginning(left: str, right: str) -> int:
    shared = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        shared += 1
    return shared


def posteriors(scores: Sequence[float]) -> list[float]:
    """Turn log scores of competing transcripts into probabilities that sum to 1."""
    if not scores:
        return []
    best = max(scores)
    powers = [2.718281828459045 ** (score - best) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def joined(pieces: Iterable[str]) -> str:
    """Join pieces of a transcript, dropping the empty ones and the unknown."""
    return " ".join(word for piece in pieces for word in piece.split() if word != UNKNOWN)
