"""Working hours: of a line, a queue or an operator, in their own time zone, public holidays included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_LOOK_AHEAD_DAYS = 15  # longer than the longest run of public holidays

Span = tuple[time, time]
"""From, to; a `to` of 00:00 means the end of the day."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A week of working hours in `zone` (IANA name), from Monday; `holidays_of`: country whose holidays are closed."""

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays_of: str = ""

    def open_at(self, moment: datetime) -> bool:
        """Whether they work at `moment` (aware)."""
        local = moment.astimezone(ZoneInfo(self.zone))
        return any(begin <= local < end for begin, end in self._spans(local))

    def next_change(self, moment: datetime) -> datetime | None:
        """When they open or close next after `moment` (aware, in the zone of the hours); None: never within two weeks.

        Round the clock never changes.
        """
        local = moment.astimezone(ZoneInfo(self.zone))
        state = self.open_at(local)
        for days in range(_LOOK_AHEAD_DAYS):
            day = local + timedelta(days=days)
            for edge in sorted(edge for span in self._spans(day) for edge in span):
                if edge > local and self.open_at(edge) != state:
                    return edge
        return None

    def _spans(self, day: datetime) -> list[tuple[datetime, datetime]]:
        """Spans of the calendar day of `day`. Wall times: a day of 23 or 25 hours opens when its clocks say so."""
        if self.holidays_of and day.date() in _holidays(self.holidays_of, day.year):
            return []
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        spans = []
        for begin, end in self.week[day.weekday()]:
            last = midnight + timedelta(days=1) if end == time(0) else _at(midnight, end)
            spans.append((_at(midnight, begin), last))
        return spans


ALWAYS = Hours("UTC", (((time(0), time(0)),),) * 7)
"""Round the clock."""


def parse_hours(zone: str, week: Mapping[str, str], holidays_of: str = "") -> Hours:
    """Hours from what an admin writes: `{"mon-fri": "08:00-12:00, 13:00-20:00", "sat": "09:00-18:00"}`.

    Days not named are closed. Raises ValueError with a sentence for the admin.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f'unknown time zone "{zone}"; write it like Europe/Moscow') from error
    if holidays_of and holidays_of not in holidays.list_supported_countries():
        raise ValueError(f'no holidays known for "{holidays_of}"; write a country code like RU')
    days: list[tuple[Span, ...]] = [()] * 7
    for names, text in week.items():
        for day in _parse_days(names):
            days[day] = _parse_spans(text)
    return Hours(zone, tuple(days), holidays_of)


def _parse_days(names: str) -> list[int]:
    days: list[int] = []
    for part in names.lower().replace("–", "-").split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f'unknown day "{part.strip()}"; write days as {", ".join(_DAYS)}, or a range like mon-fri')
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days.extend(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return days


def _parse_spans(text: str) -> tuple[Span, ...]:
    if text.strip().lower() == "closed":
        return ()
    spans: list[Span] = []
    for part in text.split(","):
        found = _SPAN.fullmatch(part.strip())
        numbers = [int(number) for number in found.groups()] if found else [99] * 4
        if numbers[0] > 23 or numbers[2] > 24 or max(numbers[1], numbers[3]) > 59 or (numbers[2] == 24 and numbers[3]):
            raise ValueError(f'cannot read hours "{part.strip()}"; write them like 08:00-20:00, or closed')
        begin, end = time(numbers[0], numbers[1]), time(numbers[2] % 24, numbers[3])
        if end != time(0) and end <= begin:
            raise ValueError(f'hours "{part.strip()}" end before they begin; split them at midnight')
        spans.append((begin, end))
    return tuple(spans)


@cache
def _holidays(country: str, year: int) -> frozenset[object]:
    return frozenset(holidays.country_holidays(country, years=year))


def _at(midnight: datetime, clock: time) -> datetime:
    return midnight.replace(hour=clock.hour, minute=clock.minute)
