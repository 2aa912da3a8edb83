"""Numbers as Russian callers say them."""

from __future__ import annotations

UNITS = (
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
    "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
).split()
TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто".split()
HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот".split()
ORDINAL_STEMS = (
    "перв втор треть четвёрт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат "
    "пятнадцат шестнадцат семнадцат восемнадцат девятнадцат двадцат тридцат"
).split()
_HARD = ("ый", "ая", "ое", "ого", "ому", "ой", "ую", "ым", "ом")
_STRESSED = ("ой", "ая", "ое", "ого", "ому", "ую", "ым", "ом")
_THIRD = ("третий", "третья", "третье", "третьего", "третьему", "третьей", "третью", "третьим", "третьем")


def cardinal(number: int) -> str:
    """0 … 999999 in words."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        return _joined(TENS[number // 10 - 2], number % 10)
    if number < 1000:
        return _joined(HUNDREDS[number // 100 - 1], number % 100)
    thousands = number // 1000
    if thousands % 10 in (1, 2) and thousands % 100 not in (11, 12):
        last = "одна тысяча" if thousands % 10 == 1 else "две тысячи"
        head = cardinal(thousands - thousands % 10) + " " if thousands > 10 else ""
        words = "тысяча" if thousands == 1 else head + last
    else:
        ending = "и" if thousands % 10 in (3, 4) and thousands % 100 not in (13, 14) else ""
        words = f"{cardinal(thousands)} тысяч{ending}"
    return _joined(words, number % 1000)


def _joined(head: str, rest: int) -> str:
    return f"{head} {cardinal(rest)}" if rest else head


def ordinal_forms(number: int) -> tuple[str, ...]:
    """All endings of первый … двадцатый, тридцатый (30 is number 21)."""
    if number == 3:
        return _THIRD
    stem = ORDINAL_STEMS[number - 1]
    return tuple(stem + ending for ending in (_STRESSED if stem in ("втор", "шест", "седьм", "восьм") else _HARD))
