"""The language model: probabilities that add up, and words nobody has said yet."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.lexicon.language_model import END, START, Counts, LanguageModel, estimate

WORDS = ("да", "нет", "пароль", "забыл", "не")


def _model(sentences: list[str], weight: float = 1.0) -> LanguageModel:
    counts = Counts()
    counts.add(sentences, weight)
    return estimate(counts, dict.fromkeys(WORDS, 1.0))


def _probability(model: LanguageModel, history: tuple[str, ...], word: str) -> float:
    while history not in model.following:
        history = history[1:]
    if word in model.following[history]:
        return math.exp(-model.following[history][word])
    return math.exp(-model.backoff_costs[history]) * _probability(model, history[1:], word)


sentences = st.lists(st.lists(st.sampled_from((*WORDS, "чужое")), min_size=1, max_size=5).map(" ".join), min_size=1)


@given(sentences, st.sampled_from((0.4, 1.0, 3.0)))
def test_after_every_history_the_probabilities_add_up_to_one(said: list[str], weight: float) -> None:
    model = _model(said, weight)
    for history in model.following:
        total = sum(_probability(model, history, word) for word in (*WORDS, END))
        assert total == pytest.approx(1.0, abs=0.02)  # a back-off never falls quite to nothing


@given(sentences)
def test_every_word_of_the_vocabulary_can_be_said_after_anything(said: list[str]) -> None:
    model = _model(said)
    assert all(_probability(model, history, word) > 0 for history in model.following for word in WORDS)


def test_what_was_said_is_likelier_than_what_was_not() -> None:
    model = _model(["не забыл пароль", "забыл пароль", "да", "нет"] * 3)
    after = (START, "забыл")
    assert _probability(model, after, "пароль") > 0.5
    assert _probability(model, after, "пароль") > 20 * _probability(model, after, "нет")


def test_words_outside_the_vocabulary_take_their_share_and_leave_the_rest_to_shorter_histories() -> None:
    model = _model(["забыл пароль", "забыл чужое", "забыл чужое", "забыл чужое"])
    assert _probability(model, (START, "забыл"), "пароль") < 0.5
    assert all("чужое" not in following for following in model.following.values())
