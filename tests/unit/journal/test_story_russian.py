"""The pages tell a call's story in Russian; whatever a record holds, something is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.journal.kinds import KINDS
from ivr.journal.record import Record
from ivr.journal.story_russian import phrase


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("queued", {"queue": "people", "position": 3, "expected_wait_seconds": 20.0}, "место 3, обещано около 20 с"),
        ("offer_ended", {"operator": "anna", "reason": "no_answer"}, "anna: не ответил, звонок на прежнем месте"),
        ("connected", {"operator": "anna", "waited_seconds": 24.15}, "anna, ожидание 24,1 с"),
        ("overruled", {"act": "prioritise", "by": "tamara", "priority": 0}, "tamara: срочность 0"),
        ("ended", {"outcome": "left"}, "не дождался"),
    ],
)
def test_steps_in_russian(kind: str, data: dict[str, str | float], said: str) -> None:
    assert said in phrase(Record("c", 1, kind, "", 1.0, 1.0, data, {}))


VALUES = st.none() | st.text(max_size=10) | st.integers() | st.floats() | st.booleans()


@given(
    kind=st.sampled_from([*KINDS, "unheard_of"]),
    data=st.dictionaries(st.sampled_from(["operator", "reason", "queue", "topic", "by", "act"]), VALUES),
)
def test_any_record_says_something(kind: str, data: dict[str, str | float | None]) -> None:
    assert isinstance(phrase(Record("c", 1, kind, "", 1.0, 1.0, data, {})), str)
