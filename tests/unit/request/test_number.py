"""Numbers of requests: every slip is noticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.request.number import number, spoken, valid

COUNTS = st.integers(1, 10**9)


@given(COUNTS)
def test_a_number_is_short_valid_and_its_own(count: int) -> None:
    assert valid(number(count))
    assert len(number(count)) <= 11
    assert number(count) != number(count + 1)
    assert "".join(spoken(number(count))) == number(count)


@given(COUNTS, st.data())
def test_a_wrong_digit_is_noticed(count: int, data: st.DataObject) -> None:
    right = number(count)
    place = data.draw(st.integers(0, len(right) - 1))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right[place]]))

    assert not valid(right[:place] + digit + right[place + 1 :])


@given(COUNTS, st.data())
def test_swapped_neighbours_are_noticed(count: int, data: st.DataObject) -> None:
    right = number(count)
    place = data.draw(st.integers(0, len(right) - 2))
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]

    assert swapped == right or not valid(swapped)


@given(st.text(max_size=12))
def test_any_text_is_answered(text: str) -> None:
    assert valid(text) in {True, False}


def test_the_check_digit_is_damms() -> None:
    assert valid("005724")  # 572 → 4, with noughts before it


def test_numbers_are_said_in_twos() -> None:
    assert number(1) == "100009"
    assert spoken("100009") == ("10", "00", "09")
    assert spoken("1234567") == ("1", "23", "45", "67")
    assert not valid("")
    assert not valid("00000")
    assert not valid("١٢٣٤٥٦")
