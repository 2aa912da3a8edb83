"""What callers enter as digits: how long it is, whether it can be right, and how it is kept. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ivr.dialplan.numbers import normalised_line
from ivr.request.number import valid

FormatName = Literal["digits", "request_number", "snils", "passport", "birth_date", "phone"]


@dataclass(frozen=True, slots=True)
class Format:
    """`least` and `most` digits; `keep` gives the value to store, or None when it cannot be right."""

    least: int
    most: int
    keep: Callable[[str, date], str | None]


def _as_is(digits: str, _: date) -> str | None:
    return digits


def _request_number(digits: str, _: date) -> str | None:
    return digits if valid(digits) else None


def _snils(digits: str, _: date) -> str | None:
    """Nine digits and their check sum; numbers up to 001-001-998 were given without one."""
    number, check = digits[:9], int(digits[9:])
    if number <= "001001998":
        return digits
    total = sum(int(digit) * weight for digit, weight in zip(number, range(9, 0, -1), strict=True))
    return digits if total % 101 % 100 == check else None


def _birth_date(digits: str, today: date) -> str | None:
    """Day, month, year; kept as 1985-12-31."""
    try:
        born = date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return None
    return born.isoformat() if born <= today and born.year >= today.year - 120 else None


def _phone(digits: str, _: date) -> str | None:
    return normalised_line(digits)


FORMATS: dict[FormatName, Format] = {
    "digits": Format(1, 20, _as_is),
    "request_number": Format(6, 12, _request_number),
    "snils": Format(11, 11, _snils),
    "passport": Format(10, 10, _as_is),
    "birth_date": Format(8, 8, _birth_date),
    "phone": Format(10, 11, _phone),
}
