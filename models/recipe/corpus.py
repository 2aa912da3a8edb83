"""Sentences: for the voices to say, and for the language model and vocabulary to count."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

from ivr.speech.lexicon.forms import inflected, with_yo
from ivr.speech.lexicon.language_model import Counts
from ivr.speech.lexicon.spoken import EXTRA_SPELLINGS, SPELLED_AS
from ivr.speech.lexicon.vocabulary import Lexicon
from ivr.speech.topics import load_topics
from wordfreq import top_n_list, word_frequency

from recipe.numbers import HUNDREDS, ORDINAL_STEMS, TENS, UNITS, ordinal_forms
from recipe.phrases import LETTERS, OTHER, TEXTS, TOPICS, Phrases
from recipe.sentences import fortunes

PROJECT = Path(__file__).resolve().parents[2]
CALLERS, CALLERS_HELD_OUT = "callers.tsv", "callers_holdout.tsv"  # to develop on, and for the final figure only
_LANGUAGE = "ru"
_COMMON_WORDS = 25_000
_GENERAL_WEIGHT, _TALK_WEIGHT, _EXAMPLE_WEIGHT = 0.1, 0.5, 2.0
_HOTLINE_FREQUENCY = 2e-6  # at least: a form of a word that callers say is likelier here than in print
_SEED = 5
_FORTUNES = "usr/share/games/fortunes/ru"


_with_yo = cache(with_yo)


def test_phrases() -> frozenset[str]:
    """Phrases that are spoken in the tests and therefore counted and trained on nowhere."""
    return frozenset((TEXTS / "test/hotline.txt").read_text("utf-8").split("\n"))


def callers_topics(*names: str) -> dict[str, str]:
    """Sentences of callers kept from the making of this model, and what each is about; of both files unless named."""
    files = (PROJECT / "tests/speech" / name for name in names or (CALLERS_HELD_OUT, CALLERS))
    rows = (row for file in files for row in file.read_text("utf-8").splitlines())
    pairs = (row.split("\t") for row in rows if row and not row.startswith("#"))
    return {text: topic for topic, text in pairs}


def examples() -> list[str]:
    """What the topics' examples say in words of the vocabulary, without the sentences of the tests."""
    kept = test_phrases() | callers_topics().keys()
    said = (one.text for one in load_topics(PROJECT / "dialplans/topics.yaml").examples if one.text not in kept)
    return [text for text in said if re.fullmatch("[а-яё -]+", text)]


def general_sentences(packages: Path, count: int, seed: int) -> list[str]:
    """Six in ten from fortunes-ru, four in ten random common words: all sounds of Russian in all neighbourhoods."""
    sentences = fortunes(packages / _FORTUNES)
    words = [word for word in top_n_list(_LANGUAGE, 30_000) if re.fullmatch("[а-яё]{2,}", word)]
    chance = random.Random(seed)
    return [
        chance.choice(sentences) if chance.random() < 0.6 else " ".join(chance.sample(words, chance.randint(2, 6)))
        for _ in range(count)
    ]


def hotline_sentences(count: int, seed: int) -> list[str]:
    """What callers of the hotline say, topics and answers."""
    chance, phrases, kept = random.Random(seed), Phrases(), test_phrases()
    said = [one for file in (*TOPICS, *OTHER) for one in phrases.said(file, chance, a_template=40) if one not in kept]
    return [chance.choice(said) for _ in range(count)]


def lexicon(packages: Path, keywords: str) -> Lexicon:
    """Vocabulary and counts of the hotline's language model; `keywords` is a text of words it must know."""
    chance, phrases, kept = random.Random(_SEED), Phrases(), test_phrases()
    counts = Counts()
    said: set[str] = set()
    for file in (*TOPICS, *OTHER):
        sentences = [one for one in phrases.said(file, chance) if one not in kept]
        counts.add(sentences, _TALK_WEIGHT)
        said.update(word for sentence in sentences for word in sentence.split())
    callers = examples()
    counts.add(callers, _EXAMPLE_WEIGHT)
    said.update(word for sentence in callers for word in sentence.split())
    general = [one for one in fortunes(packages / _FORTUNES) if one not in kept]
    counts.add((" ".join(map(_with_yo, one.split())) for one in general), _GENERAL_WEIGHT)
    # A keyword ending in "*" is a beginning, not a word.
    said.update(_with_yo(word) for word in re.findall(r"(?<![а-яё])[а-яё]{2,}(?![а-яё*])", keywords.lower()))
    hotline = {form for word in sorted(said) for form in inflected(word)}
    hotline |= _numbers() | {*LETTERS, *SPELLED_AS, *EXTRA_SPELLINGS}
    common = (word for word in top_n_list(_LANGUAGE, _COMMON_WORDS) if len(word) > 1 or word in "аивкосуяэ")
    words = {word for word in (*hotline, *map(_with_yo, common)) if re.fullmatch("[а-яё]+(-[а-яё]+)*", word)}
    least = dict.fromkeys(hotline, _HOTLINE_FREQUENCY)
    frequencies = {word: max(word_frequency(word, _LANGUAGE), least.get(word, 0)) for word in sorted(words)}
    return Lexicon(frequencies, counts.by_diversity())


def _numbers() -> set[str]:
    ordinals = {form for number in range(1, len(ORDINAL_STEMS) + 1) for form in ordinal_forms(number)}
    cardinals = {form for word in (*UNITS, *TENS, *HUNDREDS, "тысяча", "миллион") for form in inflected(word)}
    return ordinals | cardinals
