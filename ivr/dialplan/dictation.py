"""Digits and dates as callers say them: «сто двадцать три» → 123, «пятое мая восемьдесят пятого» → 05051985. Pure.

Russian only: the recogniser knows no other language yet; `understood(language)` says so, and questions in others
begin with keys.
"""

from __future__ import annotations

import re

_ONES = (
    ("ноль", "нуль", "ноля", "нуля"),
    ("один", "одна", "одно", "раз", "единица"),
    ("два", "две", "двойка"),
    ("три", "тройка"),
    ("четыре",),
    ("пять",),
    ("шесть",),
    ("семь",),
    ("восемь",),
    ("девять",),
)
_TEENS = (
    "десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
_HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
_ORDINAL_STEMS = (
    "перв втор трет четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат "
    "шестнадцат семнадцат восемнадцат девятнадцат"
)
_ORDINAL_TENS = {20: "двадцат", 30: "тридцат", 40: "сороков", 50: "пятидесят", 60: "шестидесят", 70: "семидесят"} | {
    80: "восьмидесят",
    90: "девяност",
}
_ORDINAL_ENDING = "(?:ое|ого|ый|ий|ой|ье|ьего)"
_TWICE = {"дважды": 2, "трижды": 3}
_THIS_CENTURY_UNTIL = 30


def _values() -> dict[str, int]:
    values = {word: value for value, words in enumerate(_ONES) for word in words}
    values |= {word: 10 + index for index, word in enumerate(_TEENS.split())}
    values |= {word: 20 + 10 * index for index, word in enumerate(_TENS.split())}
    return values | {word: 100 + 100 * index for index, word in enumerate(_HUNDREDS.split())}


_VALUES = _values()
_MONTH_NUMBERS = {word: index + 1 for index, word in enumerate(_MONTHS.split())}
_ORDINALS = [
    *((index + 1, re.compile(stem + _ORDINAL_ENDING)) for index, stem in enumerate(_ORDINAL_STEMS.split())),
    *((value, re.compile(stem + _ORDINAL_ENDING)) for value, stem in _ORDINAL_TENS.items()),
]


def understood(language: str) -> bool:
    """Whether callers are understood in this language."""
    return language == "ru"


def words() -> tuple[str, ...]:
    """All number words, for the recogniser to expect."""
    return (*_VALUES, *_TWICE, *_MONTH_NUMBERS, "тысяча", "тысячи", "год", "года")


def digits(text: str) -> str:
    """The digits that were said, in groups as Russians say them: «сорок пять ноль три» → 4503."""
    said: list[str] = []
    room = 0  # what may still be added to the group under way: below 10 after tens, below 100 after hundreds
    times = 1
    for word in text.lower().split():
        if word.isascii() and word.isdecimal():
            said.append(word)
            room = 0
        elif word in _TWICE:
            times = _TWICE[word]
            room = 0
        elif (value := _VALUES.get(word)) is not None:
            if 0 < value < room:
                said[-1] = str(int(said[-1]) + value)
            else:
                said.append(str(value) * times)
            times = 1
            room = 100 if value >= 100 else 10 if value >= 20 and value < 100 else 0
    return "".join(said)


def birth_date(text: str) -> str:
    """DDMMYYYY of a date that was said with its month's name; else whatever digits were said."""
    parts = text.lower().replace("ё", "е").split()
    month_at = next((index for index, word in enumerate(parts) if word in _MONTH_NUMBERS), None)
    if month_at is None:
        return digits(text)
    day = _number(parts[:month_at])
    year = _year(parts[month_at + 1 :])
    if day is None or year is None:
        return digits(text)
    return f"{day:02}{_MONTH_NUMBERS[parts[month_at]]:02}{year:04}"


def _year(parts: list[str]) -> int | None:
    rest = [part for part in parts if part not in ("год", "года")]
    if rest[:2] == ["две", "тысячи"]:
        following = _number(rest[2:]) if rest[2:] else 0
        return None if following is None else 2000 + following
    if rest[:1] == ["тысяча"]:
        following = _number(rest[1:])
        return None if following is None else 1000 + following
    year = _number(rest)
    if year is not None and year < 100:
        return year + (2000 if year <= _THIS_CENTURY_UNTIL else 1900)
    return year


def _number(parts: list[str]) -> int | None:
    total = 0
    for part in parts:
        value = _VALUES.get(part)
        if value is None:
            value = next((number for number, form in _ORDINALS if form.fullmatch(part)), None)
        if value is None:
            if part.isascii() and part.isdecimal() and len(part) <= 4:
                value = int(part)
            else:
                return None
        total += value
    return total if parts else None
