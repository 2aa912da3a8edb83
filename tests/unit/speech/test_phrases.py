"""The language of phrases: what each form finds, and what is said about mistakes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech import words
from ivr.speech.matching import Text, Vocabulary
from ivr.speech.phrases import PhraseInvalid, parse

GROUPS = {"войти": "войти|зайти", "кабинет": "личный кабинет|аккаунт"}


def found(phrase: str, said: str) -> bool:
    parsed = parse(phrase, GROUPS)
    wanted = [word for element in parsed.elements for run in element.runs for word in run]
    wanted += [word for element in parsed.elements for word in element.forbidden]
    return Text(words.split(said), Vocabulary(wanted)).find(parsed) is not None


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("пароль", "я не помню паролей"),
        ("взлом*", "кабинет взломали"),
        ("=права", "хочу поменять права"),
        ("(войти|зайти)", "как мне зайти"),
        ("не <войти>", "не могу никак войти"),
        ("<войти> <кабинет>", "зайти в личный кабинет"),
        ("не работать сайт", "не работает у меня ваш сайт"),
        ("пароль + забыть", "забыла пароль"),
        ("пароль + забыть", "пароль я забыла"),
        ("~не приходить", "приходит код"),
        ("ещё", "подождите еще"),
        ("еще", "подождите ещё"),
    ],
)
def test_finds(phrase: str, said: str) -> None:
    assert found(phrase, said)


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("=права", "нет у вас такого права"[:-1]),
        ("не работать", "портал работает"),
        ("работать не", "портал не работает"),
        ("не работать", "не надо мне говорить что всё у вас работает"),
        ("~не приходить", "код не приходит"),
        ("пароль + забыть", "пароль"),
        ("<войти> <кабинет>", "войти в кабинет врача"),
    ],
)
def test_does_not_find(phrase: str, said: str) -> None:
    assert not found(phrase, said)


@pytest.mark.parametrize("said", ["заявлени", "заявленией", "заявленье"])
def test_a_lost_ending_is_forgiven(said: str) -> None:
    assert found("заявление", said)


@pytest.mark.parametrize(
    ("wanted", "said"), [("код", "кот"), ("штраф", "штат"), ("портал", "портвейн"), ("суд", "сут")]
)
def test_another_word_is_another_word(wanted: str, said: str) -> None:
    assert not found(wanted, said)


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("", "a word is missing"),
        ("пароль +", "a word is missing"),
        ("(войти", "never closed"),
        ("войти)", 'without "("'),
        ("(войти|)", "empty alternative"),
        ("<выйти>", "no group <выйти>"),
        ("во*", "too many words"),
        ("~не", "must follow"),
        ("войти; выйти", "cannot be understood"),
    ],
)
def test_mistakes_are_explained(phrase: str, why: str) -> None:
    with pytest.raises(PhraseInvalid, match=why.replace("(", r"\(")):
        parse(phrase, GROUPS)


def test_groups_that_contain_each_other_end() -> None:
    with pytest.raises(PhraseInvalid, match="nested too deeply"):
        parse("<а>", {"а": "<б>", "б": "<а>"})


@given(st.text(alphabet="абв ()|+~=*<>ё0-", max_size=30))
def test_any_text_is_a_phrase_or_a_clear_mistake(text: str) -> None:
    with contextlib.suppress(PhraseInvalid):
        assert list(parse(text, GROUPS).elements)
