"""Numbers aloud: what is said reads as a person would say it, and every piece that is said exists."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.dialplan import spoken


def said(language: str, pieces: tuple[str, ...]) -> str:
    return " ".join(spoken.pieces(language)[piece].replace("+", "") for piece in pieces)


@pytest.mark.parametrize(
    ("value", "unit", "case", "text"),
    [
        (0, "minute", "nominative", "ноль минут"),
        (1, "minute", "nominative", "одна минута"),
        (2, "minute", "accusative", "две минуты"),
        (5, "minute", "accusative", "пять минут"),
        (11, "minute", "nominative", "одиннадцать минут"),
        (21, "minute", "accusative", "двадцать одну минуту"),
        (21, "minute", "genitive", "двадцати одной минуты"),
        (22, "hour", "nominative", "двадцать два часа"),
        (3, "hour", "genitive", "трёх часов"),
        (1, "request", "nominative", "одно обращение"),
        (104, "person", "nominative", "сто четыре человека"),
        (2, "person", "accusative", "двух человек"),
        (21, "person", "accusative", "двадцать одного человека"),
        (1000, None, "nominative", "тысяча"),
        (2021, None, "nominative", "две тысячи двадцать один"),
        (21_112, "call", "nominative", "двадцать одна тысяча сто двенадцать звонков"),
        (5000, None, "genitive", "пяти тысяч"),
    ],
)
def test_russian_numbers(value: int, unit: spoken.Unit | None, case: spoken.Case, text: str) -> None:
    assert said("ru", spoken.number("ru", value, unit, case)) == text


def test_places_dates_and_times() -> None:
    assert said("ru", spoken.ordinal("ru", 3)) == "третий"
    assert said("ru", spoken.ordinal("ru", 42)) == "сорок второй"
    assert said("ru", spoken.day("ru", date(2026, 11, 21))) == "двадцать первое ноября"
    assert said("ru", spoken.day("ru", date(2026, 10, 30))) == "тридцатое октября"
    assert said("ru", spoken.clock("ru", 8, 30)) == "восемь часов тридцать минут"
    assert said("ru", spoken.digits("ru", "12-03")) == "один два ноль три"
    assert said("en", spoken.number("en", 142, "minute")) == "one hundred forty two minutes"
    assert said("en", spoken.day("en", date(2026, 11, 21))) == "November twenty first"
    assert said("tt", spoken.number("tt", 125, "minute")) == "йөз егерме биш минут"
    assert said("tt", spoken.ordinal("tt", 21)) == "егерме беренче"


@given(
    st.sampled_from(spoken.languages()),
    st.integers(-5, 2_000_000),
    st.sampled_from([None, *spoken.UNITS]),
    st.sampled_from(["nominative", "genitive", "accusative"]),
)
def test_every_piece_exists(language: str, value: int, unit: spoken.Unit | None, case: spoken.Case) -> None:
    known = spoken.pieces(language)
    assert all(piece in known for piece in spoken.number(language, value, unit, case))
    assert all(piece in known for piece in spoken.ordinal(language, value))


@given(st.sampled_from(spoken.languages()), st.dates())
def test_every_day_can_be_said(language: str, day: date) -> None:
    assert all(piece in spoken.pieces(language) for piece in spoken.day(language, day))


def test_an_unknown_language_says_nothing() -> None:
    assert spoken.number("ba", 5) == ()
    assert spoken.pieces("ba") == {}
