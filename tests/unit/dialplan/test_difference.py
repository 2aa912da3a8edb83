"""Differences name every line that is gone or new, and enough around it to know the place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.dialplan.difference import difference

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "  - go: x"]), max_size=30).map("\n".join)


def test_a_changed_line_with_what_is_around_it() -> None:
    before = "\n".join("123456789")
    [group] = difference(before, before.replace("5", "five"))

    shown = [(row["kind"], row["before"], row["after"], row["text"]) for row in group]
    assert shown[3:5] == [("gone", 5, None, "5"), ("new", None, 5, "five")]
    assert [row[3] for row in shown] == ["2", "3", "4", "5", "five", "6", "7", "8"]


@given(TEXTS, TEXTS)
def test_nothing_is_kept_quiet(before: str, after: str) -> None:
    rows = [row for group in difference(before, after) for row in group]
    old, new = before.splitlines(), after.splitlines()
    gone = {row["before"] for row in rows if row["kind"] == "gone"}
    added = {row["after"] for row in rows if row["kind"] == "new"}

    assert [line for number, line in enumerate(old, 1) if number not in gone] == [
        line for number, line in enumerate(new, 1) if number not in added
    ]
    assert (before.splitlines() == after.splitlines()) == (rows == [])
