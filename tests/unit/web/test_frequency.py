"""How often somebody who is not signed in may do something."""

from __future__ import annotations

from ivr.web.frequency import Frequency, neighbourhood


class Watch:
    seconds = 0.0

    def wall(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds


def test_each_has_its_own_share_and_gets_it_back_in_time() -> None:
    watch = Watch()
    often = Frequency(watch, most=2, seconds=60)
    assert [often.admits("one") for _ in range(3)] == [True, True, False]
    assert often.admits("other")
    watch.seconds = 59
    assert not often.admits("one")
    watch.seconds = 60
    assert [often.admits("one") for _ in range(3)] == [True, True, False]


def test_nothing_is_kept_of_those_who_stay_away() -> None:
    watch = Watch()
    often = Frequency(watch, most=2, seconds=60)
    for number in range(100):
        watch.seconds = number
        often.admits(str(number))
    assert len(often._times) <= 61


def test_a_household_is_one_address_or_one_ipv6_network() -> None:
    assert neighbourhood("203.0.113.7") != neighbourhood("203.0.113.8")
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("testclient") == ""
