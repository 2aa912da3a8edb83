"""The watch writes what it finds, and only declared facts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.journal.kinds import KINDS
from ivr.journal.record import Record
from ivr.stats.incident import Usual
from ivr.stats.watch import IncidentWatch, learnt

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 23, 12, tzinfo=MOSCOW).timestamp()


class SetClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def test_an_incident_is_written_when_it_opens_and_when_it_is_mended() -> None:
    written: list[tuple[str, dict[str, Any]]] = []

    def record(kind: str, data: Mapping[str, Any]) -> None:
        assert set(data) <= set(KINDS[kind].fields)
        written.append((kind, dict(data)))

    clock = SetClock()
    watch = IncidentWatch(Usual(), clock, MOSCOW, record)
    for _ in range(40):
        clock.now += 2
        watch.observe("topic", {"topic": "signature"}, {"matched": "подпись"})
        watch.observe("queued", {"topic": "signature"}, {})
    assert [kind for kind, _ in written] == ["incident_opened"]
    assert [incident.topic for incident in watch.open] == ["signature"]

    watch.close("signature")
    watch.close("signature")
    assert [kind for kind, _ in written] == ["incident_opened", "incident_closed"]
    assert written[0][1]["incident"] == written[1][1]["incident"]
    assert written[1][1]["calls"] == 40
    assert watch.open == ()


async def test_what_is_usual_is_learnt_from_days_before() -> None:
    async def records() -> AsyncIterator[Record]:
        for number in range(60):
            at = NOON - 86_400 + number
            yield Record("c", 1, "topic", "", at, at, {"topic": "forms"})
            yield Record("c", 2, "queued", "", at, at, {"topic": "forms"})
        yield Record("c", 1, "topic", "", NOON, NOON, {"topic": "forms"})

    usual = await learnt(records(), NOON, MOSCOW)

    assert usual.calls("forms", 12) == 10.0  # of sixty in the hour, in ten minutes
    assert usual.days == {"2026-11-22"}
