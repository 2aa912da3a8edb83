"""Numbers of requests: short enough to say, and a slip of the tongue or finger is noticed. Pure.

Digits only, so that a telephone can enter them; the last is a Damm check digit, which finds every single wrong digit
and every two neighbours swapped.
"""

from __future__ import annotations

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
FIRST = 10_000
"""No number is shorter than six digits with its check digit."""


def number(count: int) -> str:
    """The number of the `count`th request, from 1."""
    digits = str(FIRST + count - 1)
    return digits + str(_remainder(digits))


def valid(digits: str) -> bool:
    """Could this be the number of a request? Any wrong digit and any swap of neighbours says no."""
    return digits.isascii() and digits.isdigit() and len(digits) >= len(str(FIRST)) + 1 and _remainder(digits) == 0


def spoken(digits: str) -> tuple[str, ...]:
    """In the groups in which to read it aloud: twos from the end, a single one first: `1`, `23`, `45`."""
    odd = len(digits) % 2
    groups = [digits[:odd]] if odd else []
    return (*groups, *(digits[place : place + 2] for place in range(odd, len(digits), 2)))


def _remainder(digits: str) -> int:
    remainder = 0
    for digit in digits:
        remainder = _DAMM[remainder][int(digit)]
    return remainder
