"""Russian numbers from pieces.

Cases: nominative («двадцать одна минута»), accusative («через двадцать одну минуту») and genitive («около двадцати
одной минуты»).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Pieces = tuple[str, ...]

_CASES = ("nominative", "genitive", "accusative")
_UP_TO_20 = {
    "nominative": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
    "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать",
    "genitive": "ноля одного двух трёх четырёх пяти шести семи восьми девяти десяти одиннадцати двенадцати тринадцати "
    "четырнадцати пятнадцати шестнадцати семнадцати восемнадцати девятнадцати",
}
_TENS = {
    "nominative": "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    "genitive": "двадцати тридцати сорока пятидесяти шестидесяти семидесяти восьмидесяти девяноста",
}
_HUNDREDS = {
    "nominative": "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот",
    "genitive": "ста двухсот трёхсот четырёхсот пятисот шестисот семисот восьмисот девятисот",
}
_GENDERED = {  # 1 and 2 agree with what is counted; by gender and case
    ("feminine", "nominative"): {1: "одна", 2: "две"},
    ("feminine", "genitive"): {1: "одной", 2: "двух"},
    ("feminine", "accusative"): {1: "одну", 2: "две"},
    ("neuter", "nominative"): {1: "одно", 2: "два"},
    ("neuter", "genitive"): {1: "одного", 2: "двух"},
    ("neuter", "accusative"): {1: "одно", 2: "два"},
    ("animate", "accusative"): {1: "одного"},
}
# gender, nominative and genitive and accusative singular, genitive plural
_UNITS = {
    "thousand": ("feminine", "тысяча", "тысячи", "тысячу", "тысяч"),
    "minute": ("feminine", "минута", "минуты", "минуту", "минут"),
    "second": ("feminine", "секунда", "секунды", "секунду", "секунд"),
    "hour": ("masculine", "час", "час+а", "час", "часов"),
    "day": ("masculine", "день", "дня", "день", "дней"),
    "call": ("masculine", "звонок", "звонка", "звонок", "звонков"),
    "person": ("animate", "человек", "человека", "человека", "человек"),
    "request": ("neuter", "обращение", "обращения", "обращение", "обращений"),
}
_ORDINALS = (
    "нулевой первый второй третий четвёртый пятый шестой седьмой восьмой девятый десятый одиннадцатый "
    "двенадцатый тринадцатый четырнадцатый пятнадцатый шестнадцатый семнадцатый восемнадцатый "
    "девятнадцатый"
)
_ORDINAL_TENS = "двадцатый тридцатый сороковой пятидесятый шестидесятый семидесятый восьмидесятый девяностый"
_DAYS = (
    "первое второе третье четвёртое пятое шестое седьмое восьмое девятое десятое одиннадцатое двенадцатое "
    "тринадцатое четырнадцатое пятнадцатое шестнадцатое семнадцатое восемнадцатое девятнадцатое двадцатое"
)
_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"


def number(value: int, unit: str | None, case: str) -> Pieces:
    """`value` 0…999 999 with `unit` in `case`."""
    gender = _UNITS[unit][0] if unit else "masculine"
    if gender == "animate" and case == "accusative" and value in (2, 3, 4):
        case = "genitive"  # «на двух человек», but «на двадцать два человека»
    said = _count(value, gender, case)
    return (*said, _unit_form(unit, value, case)) if unit else said


def ordinal(value: int) -> Pieces:
    """Masculine nominative: «двадцать первый»."""
    if value < 20:
        return (f"ordinal_{value}",)
    if value < 100:
        tens, ones = divmod(value, 10)
        return (f"number_{tens * 10}", f"ordinal_{ones}") if ones else (f"ordinal_{value}",)
    return number(value, None, "nominative")


def day(of_month: int, month: int) -> Pieces:
    """«двадцать первое ноября»."""
    said = (
        (f"day_{of_month}",)
        if of_month <= 20 or of_month == 30
        else (f"number_{of_month // 10 * 10}", f"day_{of_month % 10}")
    )
    return (*said, f"month_{month}")


def _count(value: int, gender: str, case: str) -> Pieces:
    thousands, rest = divmod(value, 1000)
    said: list[str] = []
    if thousands:
        said += number(thousands, "thousand", case) if thousands > 1 else (_unit_form("thousand", 1, case),)
    if rest or not thousands:
        said += _below_thousand(rest, gender, case)
    return tuple(said)


def _below_thousand(value: int, gender: str, case: str) -> list[str]:
    # Accusative differs from nominative only in the endings of 1 and 2, and in living beings.
    suffix = "_genitive" if case == "genitive" else ""
    said = []
    if value >= 100:
        said.append(f"number_{value // 100 * 100}{suffix}")
    last = value % 100
    if last >= 20:
        said.append(f"number_{last // 10 * 10}{suffix}")
        last %= 10
    if last or not said:
        special = _GENDERED.get((gender, case), {}).get(last)
        said.append(f"number_{last}_{gender}_{case}" if special else f"number_{last}{suffix}")
    return said


def _unit_form(unit: str, value: int, case: str) -> str:
    last, teens = value % 10, 10 < value % 100 < 20
    one, few = last == 1 and not teens, last in (2, 3, 4) and not teens
    if one:
        return f"{unit}_{case}"
    if case == "genitive":
        return f"{unit}_many"
    return f"{unit}_genitive" if few else f"{unit}_many"


def pieces() -> Iterator[tuple[str, str]]:
    """Id and text of all of them."""
    for case, suffix in (("nominative", ""), ("genitive", "_genitive")):
        yield from _numbered(_UP_TO_20[case].split(), 0, 1, suffix)
        yield from _numbered(_TENS[case].split(), 20, 10, suffix)
        yield from _numbered(_HUNDREDS[case].split(), 100, 100, suffix)
    for (gender, case), by_number in _GENDERED.items():
        for value, text in by_number.items():
            yield f"number_{value}_{gender}_{case}", text
    for unit, (_, *forms) in _UNITS.items():
        for case, text in zip((*_CASES, "many"), forms, strict=True):
            yield f"{unit}_{case}" if case != "many" else f"{unit}_many", text
    for value, text in enumerate(_ORDINALS.split()):
        yield f"ordinal_{value}", text
    for index, text in enumerate(_ORDINAL_TENS.split()):
        yield f"ordinal_{20 + 10 * index}", text
    for index, text in enumerate(_DAYS.split()):
        yield f"day_{index + 1}", text
    yield "day_30", "тридцатое"
    for index, text in enumerate(_MONTHS.split()):
        yield f"month_{index + 1}", text


def _numbered(texts: Sequence[str], first: int, step: int, suffix: str) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(texts):
        yield f"number_{first + index * step}{suffix}", text
