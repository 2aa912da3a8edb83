"""Opening hours as an admin writes them, and whether it is open now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import holidays as public_holidays
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")
_DAY_MINUTES = 24 * 60

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

    weekdays: Spans | None = Field(None, description="Monday to Friday.")
    weekends: Spans | None = Field(None, description="Saturday and Sunday.")
    monday: Spans | None = None
    tuesday: Spans | None = None
    wednesday: Spans | None = None
    thursday: Spans | None = None
    friday: Spans | None = None
    saturday: Spans | None = None
    sunday: Spans | None = None
    holidays: Spans | Literal["ordinary"] = Field(
        "ordinary", description="Public holidays of the country; ordinary: as any day."
    )
    country: str = Field("RU", pattern="^[A-Z]{2}$", description="Whose public holidays.")
    dates: Mapping[Annotated[date, BeforeValidator(_date)], Spans] = Field(
        default={}, description="Single days: 2026-12-31: 08:00-14:00."
    )
    time_zone: str | None = Field(None, description="Default: the plan's.")

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

    def is_open(self, moment: datetime, zone: str) -> bool:
        """Whether it is open at `moment` (aware); `zone` holds when the hours name none."""
        local = moment.astimezone(ZoneInfo(self.time_zone or zone))
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.on(local.date()))


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY = 5


def is_holiday(country: str, day: date) -> bool:
    """Whether that day is a public holiday, days off that were moved by decree included."""
    return day in _holidays_of(country, day.year)


@lru_cache(maxsize=64)
def _holidays_of(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(public_holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
