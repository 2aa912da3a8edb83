"""Digits and dates as callers say them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ivr.dialplan import dictation
from ivr.dialplan.formats import FORMATS, FormatName

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("один два три", "123"),
        ("сорок пять двенадцать", "4512"),
        ("сто двадцать три четыре", "1234"),
        ("двести пять", "205"),
        ("двадцать ноль пять", "2005"),
        ("ноль ноль семь", "007"),
        ("дважды пять", "55"),
        ("номер сорок два пожалуйста", "42"),
        ("двенадцать 34", "1234"),
        ("ничего", ""),
        ("", ""),
    ],
)
def test_digits(said: str, digits: str) -> None:
    assert dictation.digits(said) == digits


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("пятое мая тысяча девятьсот восемьдесят пятого года", "05051985"),
        ("двадцать первое ноября две тысячи третьего года", "21112003"),
        ("тридцать первого декабря девяносто девятого", "31121999"),
        ("первое января две тысячи", "01012000"),
        ("ноль пять ноль пять девятнадцать восемьдесят пять", "05051985"),
        ("января", ""),
    ],
)
def test_birth_dates(said: str, digits: str) -> None:
    assert dictation.birth_date(said) == digits


@given(st.integers(0, 999))
def test_every_number_below_a_thousand_is_understood(number: int) -> None:
    assert dictation.digits(num2words(number, lang="ru").replace("ё", "е")) == str(number)


@pytest.mark.parametrize(
    ("name", "digits", "kept"),
    [
        ("snils", "11223344595", "11223344595"),
        ("snils", "11223344594", None),
        ("snils", "00100199800", "00100199800"),
        ("birth_date", "29022024", "2024-02-29"),
        ("birth_date", "29022023", None),
        ("birth_date", "01012030", None),
        ("birth_date", "01011890", None),
        ("phone", "9001234567", "79001234567"),
        ("phone", "89001234567", "79001234567"),
        ("passport", "4510123456", "4510123456"),
    ],
)
def test_formats(name: FormatName, digits: str, kept: str | None) -> None:
    assert FORMATS[name].keep(digits, TODAY) == kept


@given(st.sampled_from(sorted(FORMATS)), st.text("0123456789", min_size=1, max_size=20))
def test_no_digits_break_a_format(name: FormatName, digits: str) -> None:
    wanted = FORMATS[name]
    if wanted.least <= len(digits) <= wanted.most:
        kept = wanted.keep(digits, TODAY)
        assert kept is None or kept
