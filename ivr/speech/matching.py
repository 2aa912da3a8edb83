"""Finding phrases in what was said, and how well the words fit that the recogniser may have bent. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ivr.speech import words
from ivr.speech.phrases import Element, Phrase, Run, Word

_ORDERED_GAP = 3
_ANY_ORDER_GAP = 5
_NO_FITS: Mapping[Word, float] = {}


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase was found: `places` are indexes of words in the text, `closeness` (0–1] is the mean over them."""

    places: frozenset[int]
    closeness: float


class Vocabulary:
    """All words that the phrases look for, arranged so that a heard word meets only those that it can fit."""

    def __init__(self, wanted: Iterable[Word]) -> None:
        self._lemmas: dict[str, Word] = {}
        self._exact: dict[str, Word] = {}
        self._begins: dict[str, Word] = {}
        self._near: dict[str, list[Word]] = defaultdict(list)
        for word in wanted:
            {"lemma": self._lemmas, "exact": self._exact, "begins": self._begins}[word.kind][word.text] = word
        for text, word in self._lemmas.items():
            self._near[text[:2]].append(word)
        self.fits = lru_cache(maxsize=20_000)(self._fits)

    def _fits(self, heard: str) -> Mapping[Word, float]:
        """Return the wanted words that a heard word may be, with their closeness."""
        form = words.plain(heard)
        found = {self._lemmas[lemma]: 1.0 for lemma in words.lemmas(heard) if lemma in self._lemmas}
        if form in self._exact:
            found[self._exact[form]] = 1.0
        for length in range(3, len(form) + 1):
            if form[:length] in self._begins:
                found[self._begins[form[:length]]] = 1.0
        if not found:  # a word that is wanted as it is was not misheard
            for word in self._near.get(form[:2], ()):
                if closeness := words.closeness(form, word.text):
                    found[word] = closeness
        return found or _NO_FITS


class Text:
    """A caller's words, prepared for looking up phrases."""

    __slots__ = ("_fits", "length")

    def __init__(self, said: Sequence[str], vocabulary: Vocabulary) -> None:
        self.length = len(said)
        self._fits: dict[Word, dict[int, float]] = defaultdict(dict)
        for place, heard in enumerate(said):
            for word, closeness in vocabulary.fits(heard).items():
                self._fits[word][place] = closeness

    @property
    def present(self) -> Iterable[Word]:
        """Every wanted word that is in the text."""
        return self._fits.keys()

    def find(self, phrase: Phrase) -> Match | None:
        """Find the phrase's best place, if any."""
        if not all(any(all(word in self._fits for word in run) for run in one.runs) for one in phrase.elements):
            return None
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
        end = self.length if gap is None else min(self.length, start + gap + 1)
        fits = self._fits.get(run[0], {})
        for place in range(start, end):
            if place in fits:
                here = ((place, fits[place]),)
                if len(run) == 1:
                    yield here
                else:
                    for rest in self._runs(run[1:], place + 1, _ORDERED_GAP):
                        yield here + rest

    def _forbidden(self, forbidden: Sequence[Word], place: int) -> bool:
        return any(before in self._fits.get(word, ()) for word in forbidden for before in (place - 1, place - 2))


def _orders(parts: Sequence[tuple[Element, ...]]) -> Iterator[tuple[tuple[Element, ...], ...]]:
    if len(parts) <= 1:
        yield tuple(parts)
        return
    for place, part in enumerate(parts):
        for rest in _orders([*parts[:place], *parts[place + 1 :]]):
            yield (part, *rest)
