"""What a caller is told about the wait."""

from __future__ import annotations

import random
from math import inf
from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from ivr.routing.estimate import Correction, ExpectedWait, TalkTimes, expected_wait, told_next


def test_more_ahead_waits_longer_more_operators_shorter() -> None:
    waits = [expected_wait(ahead, 5, 0, 200) for ahead in range(6)]
    middles = [wait.seconds for wait in waits if wait]
    assert middles == sorted(middles)
    assert len(middles) == 6
    one, two = expected_wait(3, 5, 0, 200), expected_wait(3, 10, 0, 200)
    assert one
    assert two
    assert two.seconds < one.seconds


def test_a_free_operator_means_no_wait_and_nobody_means_unknown() -> None:
    assert expected_wait(0, 5, 1, 200) == ExpectedWait(0, 0)
    assert expected_wait(0, 0, 0, 200) is None


estimates = st.one_of(
    st.none(),
    st.builds(lambda low, more: ExpectedWait(low, low + more), st.floats(0, 3600), st.floats(0, 3600)),
)


@given(st.lists(st.tuples(st.floats(0, 600), estimates), min_size=2))
def test_what_is_told_never_rises(story: list[tuple[float, ExpectedWait | None]]) -> None:
    told: ExpectedWait | None = None
    for seconds, estimate in story:
        following = told_next(told, seconds, estimate)
        if told:
            assert following
            assert following.high_seconds <= told.high_seconds
            assert following.low_seconds <= told.low_seconds
        told = following


def test_talk_times_follow_the_hour() -> None:
    times = TalkTimes()
    noon, night = 1_700_000_000.0 // 86400 * 86400 + 12 * 3600, 1_700_000_000.0 // 86400 * 86400 + 1 * 3600
    first_guess = times.mean("forms", noon)
    for _ in range(200):
        times = times.after("forms", noon, 100).after("forms", night, 300)
    assert abs(times.mean("forms", noon) - 100) < 2
    assert abs(times.mean("forms", night) - 300) < 2
    assert abs(times.mean("forms", noon + 3600) - 100) < 2
    assert times.mean("status", noon) == first_guess


def test_the_range_holds_for_three_of_five_however_wrong_the_formula() -> None:
    chance = random.Random(1)
    correction, reckoned, held = Correction(), ExpectedWait(100, 200), []
    for _ in range(6000):  # half wait seconds, half much longer than was reckoned
        waited = chance.choice((chance.uniform(1, 20), chance.uniform(200, 600)))
        told = correction.of(reckoned)
        held.append(told.low_seconds <= waited <= told.high_seconds)
        correction = correction.after(reckoned, waited)
    assert abs(mean(held[3000:]) - 0.6) < 0.03
    assert correction.of(ExpectedWait(10, 20)) == ExpectedWait(10, 20), "other sizes are as right as they were"


@given(st.lists(st.floats(0, 7200), max_size=50), st.floats(0, 3600), st.floats(0, 3600))
def test_a_corrected_range_is_a_range(waits: list[float], low: float, more: float) -> None:
    correction, reckoned = Correction(), ExpectedWait(low, low + more)
    for waited in waits * 20:
        correction = correction.after(reckoned, waited)
    told = correction.of(reckoned)
    assert 0 <= told.low_seconds <= told.high_seconds < inf


def test_a_range_that_begins_at_once_is_not_pushed_there_for_ever() -> None:
    ((low, _),) = Correction().after(ExpectedWait(0, 8), 4).factors.values()
    assert low == 1, "it would grow without bound"
