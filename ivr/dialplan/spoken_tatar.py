"""Tatar numbers from pieces. Counted things stay in the singular: «ике минут»."""

from __future__ import annotations

from collections.abc import Iterator

Pieces = tuple[str, ...]

_ONES = "нуль бер ике өч дүрт биш алты җиде сигез тугыз"
_TENS = "ун егерме утыз кырык илле алтмыш җитмеш сиксән туксан"
_ORDINAL_ONES = "нуленче беренче икенче өченче дүртенче бишенче алтынчы җиденче сигезенче тугызынчы"
_ORDINAL_TENS = "унынчы егерменче утызынчы кырыгынчы илленче алтмышынчы җитмешенче сиксәненче туксанынчы"
_UNITS = {
    "minute": "минут",
    "second": "секунд",
    "hour": "сәгать",
    "day": "көн",
    "call": "шалтырату",
    "person": "кеше",
    "request": "мөрәҗәгать",
}
_MONTHS = "гыйнвар февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"


def number(value: int, unit: str | None, case: str) -> Pieces:  # noqa: ARG001 -- the number does not change
    """`value` 0…999 999 with `unit`."""
    thousands, rest = divmod(value, 1000)
    said: list[str] = []
    if thousands:
        said += [*(_below_thousand(thousands) if thousands > 1 else ()), "number_thousand"]
    if rest or not thousands:
        said += _below_thousand(rest)
    return (*said, f"unit_{unit}") if unit else tuple(said)


def ordinal(value: int) -> Pieces:
    """«өченче», «егерме беренче»; beyond 99 the plain number."""
    if value >= 100:
        return number(value, None, "nominative")
    if value < 10 or value % 10 == 0:
        return (f"ordinal_{value}",)
    return (f"number_{value // 10 * 10}", f"ordinal_{value % 10}")


def day(of_month: int, month: int) -> Pieces:
    """«егерме беренче ноябрь»."""
    return (*ordinal(of_month), f"month_{month}")


def _below_thousand(value: int) -> list[str]:
    hundreds, last = divmod(value, 100)
    said = [*([f"number_{hundreds}"] if hundreds > 1 else ()), "number_hundred"] if hundreds else []
    if last >= 10:
        said.append(f"number_{last // 10 * 10}")
        last %= 10
    if last or not said:
        said.append(f"number_{last}")
    return said


def pieces() -> Iterator[tuple[str, str]]:
    """Id and text of all of them."""
    for value, text in enumerate(_ONES.split()):
        yield f"number_{value}", text
    for index, text in enumerate(_TENS.split()):
        yield f"number_{10 + 10 * index}", text
    yield "number_hundred", "йөз"
    yield "number_thousand", "мең"
    for value, text in enumerate(_ORDINAL_ONES.split()):
        yield f"ordinal_{value}", text
    for index, text in enumerate(_ORDINAL_TENS.split()):
        yield f"ordinal_{10 + 10 * index}", text
    for unit, text in _UNITS.items():
        yield f"unit_{unit}", text
    for index, text in enumerate(_MONTHS.split()):
        yield f"month_{index + 1}", text
