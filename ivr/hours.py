"""Opening and working hours: as an admin writes them, whether it is open, and until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

_SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")
_DAY_MINUTES = 24 * 60
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY = 5
_LOOK_AHEAD_DAYS = 15  # longer than the longest run of public holidays

Span = tuple[int, int]
"""Minutes of the local day: from, to (exclusive)."""


def _spans(written: Any) -> Any:
    if written == "closed":
        return ()
    if written == "all day":
        return ((0, _DAY_MINUTES),)
    parts = written if isinstance(written, list | tuple) else [written]
    return tuple(_span(part) for part in parts)


def _span(written: Any) -> Any:
    if isinstance(written, tuple):
        return written
    match = _SPAN.fullmatch(str(written).strip())
    if match is None:
        raise PydanticCustomError(
            "hours", '"{text}" are not hours: write 08:00-20:00, closed or all day', {"text": str(written)}
        )
    begin, end = (int(match[index]) * 60 + int(match[index + 1]) for index in (1, 3))
    if not 0 <= begin < end <= _DAY_MINUTES or int(match[2]) > 59 or int(match[4]) > 59:
        raise PydanticCustomError(
            "hours",
            '"{text}" does not lie within one day: write the night as two, 22:00-24:00 and 00:00-06:00',
            {"text": str(written)},
        )
    return (begin, end)


def _date(written: Any) -> Any:
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        raise PydanticCustomError("date", '"{text}" is not a date: write 2026-12-31', {"text": str(written)}) from None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError(
            "time_zone", '"{name}" is not a time zone: write it like Europe/Moscow', {"name": name}
        ) from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone's IANA name."""

Spans = Annotated[
    tuple[Span, ...],
    BeforeValidator(_spans),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["08:00-20:00", "closed", "all day"],
        }
    ),
]


class Hours(BaseModel):
    """When something is open. A day that is not written is closed; `dates` go before `holidays`, these before days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekdays: Spans | None = Field(default=None, description="Monday to Friday.")
    weekends: Spans | None = Field(default=None, description="Saturday and Sunday.")
    monday: Spans | None = None
    tuesday: Spans | None = None
    wednesday: Spans | None = None
    thursday: Spans | None = None
    friday: Spans | None = None
    saturday: Spans | None = None
    sunday: Spans | None = None
    holidays: Spans | Literal["ordinary"] = Field(
        default="ordinary", description="Public holidays of the country; ordinary: as any day."
    )
    country: str = Field(default="RU", pattern="^[A-Z]{2}$", description="Whose public holidays.")
    dates: Mapping[Annotated[date, BeforeValidator(_date)], Spans] = Field(
        default={}, description="Single days: 2026-12-31: 08:00-14:00."
    )
    time_zone: Zone | None = Field(default=None, description="Default: that of the plan, or of the operator.")

    @model_validator(mode="after")
    def _holidays_are_known(self) -> Self:
        if self.holidays != "ordinary" and not _has_holidays(self.country):
            what = 'no public holidays are known for "{country}": write a country like RU, or single dates'
            raise PydanticCustomError("country", what, {"country": self.country})
        return self

    def in_zone(self, zone: str) -> Self:
        """The same by the clocks of `zone`, unless they name a zone themselves."""
        return self if self.time_zone else self.model_copy(update={"time_zone": zone})

    def on(self, day: date) -> tuple[Span, ...]:
        """When it is open on that day."""
        if day in self.dates:
            return self.dates[day]
        if self.holidays != "ordinary" and is_holiday(self.country, day):
            return self.holidays
        named: tuple[Span, ...] | None = getattr(self, _DAYS[day.weekday()])
        if named is not None:
            return named
        return (self.weekdays if day.weekday() < _SATURDAY else self.weekends) or ()

    def open_at(self, moment: datetime) -> bool:
        """Whether it is open at `moment` (aware)."""
        local = moment.astimezone(self._clocks)
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.on(local.date()))

    def next_change(self, moment: datetime) -> datetime | None:
        """When it opens or closes next after `moment` (aware), in the zone of the hours; None: never in two weeks."""
        local = moment.astimezone(self._clocks)
        state = self.open_at(local)
        for days in range(_LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=days)
            for edge in sorted(self._at(day, minute) for span in self.on(day) for minute in span):
                if edge > local and self.open_at(edge) != state:
                    return edge
        return None

    @property
    def _clocks(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or "UTC")

    def _at(self, day: date, minute: int) -> datetime:
        """By the wall clock: a day of 23 or 25 hours opens when its clocks say so."""
        if minute == _DAY_MINUTES:
            return datetime.combine(day + timedelta(days=1), time(), self._clocks)
        return datetime.combine(day, time(*divmod(minute, 60)), self._clocks)


ALWAYS = Hours(weekdays=((0, _DAY_MINUTES),), weekends=((0, _DAY_MINUTES),))
"""Round the clock."""


def is_holiday(country: str, day: date) -> bool:
    """Whether that day is a public holiday, days off that were moved by decree included."""
    return day in _holidays_of(country, day.year)


@lru_cache(maxsize=64)
def _holidays_of(country: str, year: int) -> frozenset[date]:
    import holidays  # late: its tables are large, and most commands need none

    return frozenset(holidays.country_holidays(country, years=year))


def _has_holidays(country: str) -> bool:
    import holidays

    try:
        holidays.country_holidays(country)  # the list of all countries would load them all
    except NotImplementedError:
        return False
    return True
