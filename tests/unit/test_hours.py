"""Opening and working hours in their own time zone, with holidays and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ivr.hours import ALWAYS, Hours
from ivr.routing.callbacks import next_try_at

MOSCOW = ZoneInfo("Europe/Moscow")


def hours(zone: str = "Europe/Moscow", **written: Any) -> Hours:
    """As an admin writes them."""
    return Hours.model_validate(written).in_zone(zone)


TATARSTAN = hours(weekdays="08:00-20:00", saturday="09:00-18:00", holidays="closed")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T08:00", True),  # Monday
        ("2026-11-23T07:59", False),
        ("2026-11-23T20:00", False),
        ("2026-11-28T17:59", True),  # Saturday
        ("2026-11-29T12:00", False),  # Sunday
        ("2026-11-04T12:00", False),  # Unity Day, a Wednesday
    ],
)
def test_the_regional_line_is_open_as_documented(moment: str, is_open: bool) -> None:
    assert TATARSTAN.open_at(datetime.fromisoformat(moment).replace(tzinfo=MOSCOW)) is is_open


def test_the_zone_of_the_hours_counts_not_that_of_the_moment() -> None:
    assert TATARSTAN.open_at(datetime(2026, 11, 23, 5, 0, tzinfo=UTC))
    assert not TATARSTAN.open_at(datetime(2026, 11, 23, 4, 59, tzinfo=UTC))


def test_a_zone_that_is_written_goes_before_that_of_the_plan() -> None:
    kamchatka = hours(weekdays="08:00-20:00", time_zone="Asia/Kamchatka")
    assert kamchatka.open_at(datetime(2026, 11, 23, 0, 0, tzinfo=UTC))


def test_next_change_passes_over_holidays_and_sundays() -> None:
    opens = TATARSTAN.next_change(datetime(2026, 12, 31, 23, 0, tzinfo=MOSCOW))
    assert opens is not None
    assert opens >= datetime(2027, 1, 9, 9, 0, tzinfo=MOSCOW)
    assert TATARSTAN.open_at(opens)
    assert TATARSTAN.next_change(datetime(2026, 11, 28, 18, 0, tzinfo=MOSCOW)) == datetime(
        2026, 11, 30, 8, 0, tzinfo=MOSCOW
    )


def test_single_dates_go_before_holidays_and_these_before_days() -> None:
    eve = hours(weekdays="08:00-20:00", holidays="closed", dates={"2026-12-31": "08:00-14:00", "2026-11-04": "all day"})
    assert eve.next_change(datetime(2026, 12, 31, 9, 0, tzinfo=MOSCOW)) == datetime(2026, 12, 31, 14, 0, tzinfo=MOSCOW)
    assert eve.open_at(datetime(2026, 11, 4, 23, 59, tzinfo=MOSCOW))


@pytest.mark.parametrize("closed_never", [ALWAYS, hours(weekdays="all day", weekends=["00:00-12:00", "12:00-24:00"])])
def test_round_the_clock_never_changes(closed_never: Hours) -> None:
    assert closed_never.next_change(datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_never_open_never_changes() -> None:
    assert hours().next_change(datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_a_day_whose_clocks_change_opens_by_the_wall_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    sundays = hours("Europe/Berlin", sunday="08:00-12:00")
    assert sundays.open_at(datetime(2026, 3, 29, 8, 0, tzinfo=berlin))  # 06:00 UTC; the day before it would be 07:00
    assert sundays.next_change(datetime(2026, 3, 28, 12, 0, tzinfo=berlin)) == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)


_SPANS = st.sampled_from(["closed", "all day", "08:00-20:00", ["09:00-13:00", "14:00-18:00"], ["00:00-06:00"]])


@given(
    st.fixed_dictionaries(
        {"weekdays": _SPANS, "weekends": _SPANS}, optional={"friday": _SPANS, "holidays": _SPANS, "monday": _SPANS}
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 20)),  # noqa: DTZ001 -- made aware below
)
def test_until_the_next_change_nothing_changes(written: dict[str, Any], moment: datetime) -> None:
    some, at = hours(**written), moment.replace(tzinfo=MOSCOW)
    change = some.next_change(at)
    if change is not None:
        assert some.open_at(change) != some.open_at(at)
        halfway = at + (change - at) / 2
        assert some.open_at(halfway) == some.open_at(at)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"time_zone": "Europe/Kazan"}, "not a time zone"),
        ({"mo": "08:00-20:00"}, "Extra inputs"),
        ({"monday": "8-20"}, "are not hours"),
        ({"monday": "25:00-26:00"}, "within one day"),
        ({"monday": "20:00-08:00"}, "write the night as two"),
        ({"holidays": "closed", "country": "XX"}, "no public holidays are known"),
        ({"dates": {"31.12.2026": "closed"}}, "is not a date"),
    ],
)
def test_what_an_admin_mistypes_is_said_in_a_sentence(written: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        hours(**written)


def test_callbacks_respect_hours() -> None:
    monday_evening = datetime(2026, 11, 23, 19, 58, tzinfo=MOSCOW).timestamp()
    assert next_try_at(monday_evening, 0, TATARSTAN) == monday_evening
    tuesday = datetime(2026, 11, 24, 8, 0, tzinfo=MOSCOW).timestamp()
    assert next_try_at(monday_evening, 1, TATARSTAN) == tuesday
    assert next_try_at(monday_evening, 2, ALWAYS) == monday_evening + 900
    assert next_try_at(monday_evening, 0, hours()) is None
