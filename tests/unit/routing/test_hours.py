"""Working hours in their own time zone, with holidays and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.routing.callbacks import next_try_at
from ivr.routing.hours import ALWAYS, parse_hours

MOSCOW = ZoneInfo("Europe/Moscow")
TATARSTAN = parse_hours("Europe/Moscow", {"mon-fri": "08:00-20:00", "sat": "09:00-18:00"}, "RU")


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


def test_next_change_passes_over_holidays_and_sundays() -> None:
    closed_eve = datetime(2026, 12, 31, 23, 0, tzinfo=MOSCOW)
    opens = TATARSTAN.next_change(closed_eve)
    assert opens is not None
    assert opens >= datetime(2027, 1, 9, 9, 0, tzinfo=MOSCOW)
    assert TATARSTAN.open_at(opens)
    assert TATARSTAN.next_change(datetime(2026, 11, 28, 18, 0, tzinfo=MOSCOW)) == datetime(
        2026, 11, 30, 8, 0, tzinfo=MOSCOW
    )


def test_round_the_clock_never_changes() -> None:
    assert ALWAYS.next_change(datetime(2026, 11, 23, tzinfo=UTC)) is None
    assert (
        parse_hours("Europe/Moscow", {"mon-sun": "00:00-24:00"}).next_change(datetime(2026, 11, 23, tzinfo=UTC)) is None
    )


def test_never_open_never_changes() -> None:
    assert parse_hours("Europe/Moscow", {}).next_change(datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_a_day_whose_clocks_change_opens_by_the_wall_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = parse_hours("Europe/Berlin", {"sun": "08:00-12:00"})
    assert hours.open_at(datetime(2026, 3, 29, 8, 0, tzinfo=berlin))  # 06:00 UTC; the day before it would be 07:00
    assert hours.next_change(datetime(2026, 3, 28, 12, 0, tzinfo=berlin)) == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "week", "sentence"),
    [
        ("Europe/Kazan", {}, "unknown time zone"),
        ("Europe/Moscow", {"mo": "08:00-20:00"}, "unknown day"),
        ("Europe/Moscow", {"mon": "8-20"}, "cannot read hours"),
        ("Europe/Moscow", {"mon": "25:00-26:00"}, "cannot read hours"),
        ("Europe/Moscow", {"mon": "20:00-08:00"}, "split them at midnight"),
    ],
)
def test_what_an_admin_mistypes_is_said_in_a_sentence(zone: str, week: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_hours(zone, week)


def test_callbacks_respect_hours() -> None:
    monday_evening = datetime(2026, 11, 23, 19, 58, tzinfo=MOSCOW).timestamp()
    assert next_try_at(monday_evening, 0, TATARSTAN) == monday_evening
    tuesday = datetime(2026, 11, 24, 8, 0, tzinfo=MOSCOW).timestamp()
    assert next_try_at(monday_evening, 1, TATARSTAN) == tuesday
    assert next_try_at(monday_evening, 2, ALWAYS) == monday_evening + 900
    assert next_try_at(monday_evening, 0, parse_hours("Europe/Moscow", {})) is None
