"""When to ring a caller back who asked for it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from ivr.hours import Hours, Spans
from ivr.routing.region import zone_of

TRIES = 3
_ELSEWHERE = "Europe/Moscow"
_PAUSES_SECONDS = (300.0, 900.0, 1800.0)


@lru_cache(maxsize=1024)
def callers_hours(number: str, spans: Spans) -> Hours:
    """When this number may be rung: on every day in `spans` by the clock of its region.

    A mobile number is of no region: Moscow's clock holds.
    """
    return Hours(weekdays=spans, weekends=spans, time_zone=zone_of(number) or _ELSEWHERE)


def next_try_at(now: float, tries: int, hours: Hours) -> float | None:
    """When the next try may be, after `tries` in vain, within the caller's `hours`; None when they never open.

    Unix seconds. The first try (0 in vain) may be at once: the place in the queue decides.
    """
    earliest = now + (_PAUSES_SECONDS[min(tries, len(_PAUSES_SECONDS)) - 1] if tries else 0)
    moment = datetime.fromtimestamp(earliest, UTC)
    if hours.open_at(moment):
        return earliest
    opens = hours.next_change(moment)
    return opens.timestamp() if opens else None
