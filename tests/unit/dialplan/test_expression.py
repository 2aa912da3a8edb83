"""Expressions: what they mean, and that they are total."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.dialplan.expression import ExpressionInvalid, Type, parse, type_of, value_of
from ivr.dialplan.state import Value

NAMES: dict[str, Type] = {
    "tries": "number",
    "language": "text",
    "talked": "yes_no",
    "office": "hours",
    "waiting.people": "number",
}
VALUES: dict[str, Value] = {"tries": 2, "language": "tt", "talked": False, "waiting.people": 21}


def evaluated(text: str) -> object:
    tree = parse(text).tree
    type_of(tree, NAMES)
    return value_of(tree, VALUES.get, lambda hours: hours == "office")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tries + 1", 3),
        ("tries - -1", 3),
        ("tries + 1 == 3 and not talked", True),
        ("not talked or talked", True),
        ("office is open", True),
        ("office is closed", False),
        ("office is not open", False),
        ("waiting.people > 20", True),
        ("language in ('tt', «ba»)", True),
        ('language == "ru"', False),
        ('language < "uu"', True),
        ("1 <= 1.5", True),
        ("(1 + 2) - 3", 0),
        ("not not talked", False),
    ],
)
def test_values(text: str, value: object) -> None:
    assert evaluated(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a value is expected before the end"),
        ("tries = 1", '"=" does not compare'),
        ("tries == 'one'", "a number is compared with text"),
        ("trys + 1", 'nothing is called "trys"'),
        ("not tries", '"not" needs yes or no, but this is a number'),
        ("office", '"office" are hours'),
        ("tries is open", '"tries" are not hours'),
        ("language is tt", '"is" is for hours only'),
        ("talked && talked", '"&" means nothing here'),
        ("(tries", 'a ")" is missing'),
        ('"open', '""" means nothing here'),
        ("talked < talked", '"<" does not compare yes and no'),
        ("99999999999999 + 1", "99999999999999 is too large"),
        ("(" * 30 + "1" + ")" * 30, "too many brackets"),
        ("not " * 40 + "talked", 'too many "not"'),
        ("-language", 'after "-" a number is expected'),
        ("tries " * 100, "longer than 300 characters"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(ExpressionInvalid) as raised:
        evaluated(text)
    assert raised.value.message == message


_PARTS = st.sampled_from(
    "tries language talked office nobody 1 2.5 'a' true and or not is in open closed".split()  # noqa: SIM905 -- one line
    + list('<>+-(),=&"')
    + ["==", "!=", ">=", "waiting.people"]
)


@given(st.lists(_PARTS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_whatever_is_accepted_has_a_value(text: str) -> None:
    try:
        value = evaluated(text)
    except ExpressionInvalid:
        return
    assert isinstance(value, str | int | float | bool)


def test_sums_stay_bounded() -> None:
    assert evaluated("1000000000000 + 1000000000000") == 10**12
