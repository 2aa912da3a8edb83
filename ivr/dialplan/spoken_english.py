"""English numbers from pieces."""

from __future__ import annotations

from collections.abc import Iterator

Pieces = tuple[str, ...]

_UP_TO_20 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_UNITS = {
    "minute": ("minute", "minutes"),
    "second": ("second", "seconds"),
    "hour": ("hour", "hours"),
    "day": ("day", "days"),
    "call": ("call", "calls"),
    "person": ("person", "people"),
    "request": ("request", "requests"),
}
_MONTHS = "January February March April May June July August September October November December"


def number(value: int, unit: str | None, case: str) -> Pieces:  # noqa: ARG001 -- English has no cases
    """`value` 0…999 999 with `unit`."""
    thousands, rest = divmod(value, 1000)
    said: list[str] = []
    if thousands:
        said += [*_below_thousand(thousands), "number_thousand"]
    if rest or not thousands:
        said += _below_thousand(rest)
    return (*said, f"{unit}_{'one' if value == 1 else 'many'}") if unit else tuple(said)


def ordinal(value: int) -> Pieces:
    """«third», «twenty first»; beyond 99 the plain number."""
    if value <= 20:
        return (f"ordinal_{value}",)
    if value < 100 and value % 10:
        return (f"number_{value // 10 * 10}", f"ordinal_{value % 10}")
    return number(value, None, "nominative")


def day(of_month: int, month: int) -> Pieces:
    """«November twenty first»."""
    if of_month == 30:
        return (f"month_{month}", "ordinal_30")
    return (f"month_{month}", *ordinal(of_month))


def _below_thousand(value: int) -> list[str]:
    said = [f"number_{value // 100}", "number_hundred"] if value >= 100 else []
    last = value % 100
    if last >= 20:
        said.append(f"number_{last // 10 * 10}")
        last %= 10
    if last or not said:
        said.append(f"number_{last}")
    return said


def pieces() -> Iterator[tuple[str, str]]:
    """Id and text of all of them."""
    for value, text in enumerate(_UP_TO_20.split()):
        yield f"number_{value}", text
    for index, text in enumerate(_TENS.split()):
        yield f"number_{20 + 10 * index}", text
    yield "number_hundred", "hundred"
    yield "number_thousand", "thousand"
    for value, text in enumerate(_ORDINALS.split()):
        yield f"ordinal_{value}", text
    yield "ordinal_30", "thirtieth"
    for unit, (one, many) in _UNITS.items():
        yield f"{unit}_one", one
        yield f"{unit}_many", many
    for index, text in enumerate(_MONTHS.split()):
        yield f"month_{index + 1}", text
