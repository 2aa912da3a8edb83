"""What a caller is told about the wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.routing.estimate import ExpectedWait, TalkTimes, expected_wait, told_next


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
