"""Word forms and the letter ё."""

import pytest

from ivr.speech.lexicon.forms import inflected, with_yo


@pytest.mark.parametrize(
    ("word", "spelling"), [("еще", "ещё"), ("счет", "счёт"), ("все", "все"), ("ещё", "ещё"), ("пароль", "пароль")]
)
def test_yo_is_restored_only_where_nothing_else_is_possible(word: str, spelling: str) -> None:
    assert with_yo(word) == spelling


def test_a_noun_comes_in_every_case_and_number() -> None:
    assert {"пароль", "пароля", "паролю", "паролем", "пароле", "пароли", "паролей", "паролям"} <= set(
        inflected("пароль")
    )


def test_a_verb_comes_in_persons_and_genders_without_bookish_participles() -> None:
    forms = set(inflected("забыть"))
    assert {"забыл", "забыла", "забыли", "забуду", "забудете"} <= forms
    assert "забывший" not in forms


def test_a_word_no_dictionary_knows_is_inflected_by_its_ending() -> None:
    assert {"рутокен", "рутокена"} <= set(inflected("рутокен"))
