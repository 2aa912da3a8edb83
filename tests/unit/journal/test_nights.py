"""When the house is kept."""

from __future__ import annotations

from contextlib import aclosing
from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.journal.retention import next_night, nights

MOSCOW = ZoneInfo("Europe/Moscow")


class SleepingClock:
    """Time passes only in sleep."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin.timestamp()

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 3600
        self.now += seconds


async def test_soon_after_the_start_and_then_every_night() -> None:
    clock = SleepingClock(datetime(2026, 11, 23, 12, tzinfo=MOSCOW))
    seen = []
    async with aclosing(nights(clock, MOSCOW, clock.sleep)) as coming:
        for _ in range(3):
            await anext(coming)
            seen.append(datetime.fromtimestamp(clock.now, MOSCOW))

    assert [f"{moment:%d %H:%M}" for moment in seen] == ["23 12:01", "24 03:30", "25 03:30"]


def test_at_half_past_three_the_next_one_is_tomorrow() -> None:
    night = datetime(2026, 11, 23, 3, 30, tzinfo=MOSCOW)

    assert next_night(night) == datetime(2026, 11, 24, 3, 30, tzinfo=MOSCOW)
    assert next_night(datetime(2026, 11, 23, 3, 29, 59, tzinfo=MOSCOW)) == night
