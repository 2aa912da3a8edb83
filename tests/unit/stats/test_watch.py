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
from tests.clock import SetClock

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 23, 12, tzinfo=MOSCOW).timestamp()


def test_an_incident_is_written_when_it_opens_and_when_it_is_mended() -> None:
    written: list[tuple[str, dict[str, Any]]] = []

    def record(kind: str, data: Mapping[str, Any]) -> None:
        assert set(data) <= set(KINDS[kind].fields)
        written.append((kind, dict(data)))

    clock = SetClock()
    watch = IncidentWatch(Usual(), clock, MOSCOW, record)
    for _ in range(40):
        clock.now += 2
        watch.observe("topic", {"topic": "signature", "phrases": "подпись"})
        watch.observe("queued", {"topic": "signature"})
    assert [kind for kind, _ in written] == ["incident_opened"]
    assert [incident.topic for incident in watch.open] == ["signature"]

    watch.close("signature")
    watch.close("signature")
    assert [kind for kind, _ in written] == ["incident_opened", "incident_closed"]
    assert written[0][1]["incident"] == written[1][1]["incident"]
    assert written[1][1]["calls"] == 40
    assert watch.open == ()


async def test_an_incident_goes_on_over_a_restart_until_it_is_closed() -> None:
    journal: list[Record] = []
    clock = SetClock()

    def record(kind: str, data: Mapping[str, Any]) -> None:
        journal.append(Record("", len(journal) + 1, kind, "", clock.now, clock.now, dict(data)))

    def call(watch: IncidentWatch) -> None:
        clock.now += 2
        journal.append(Record("c", 1, "topic", "", clock.now, clock.now, {"topic": "signature"}))
        watch.observe("topic", {"topic": "signature"})

    async def records() -> AsyncIterator[Record]:
        for each in journal:
            yield each

    first = IncidentWatch(Usual(), clock, MOSCOW, record)
    for _ in range(20):
        call(first)
    (opened,) = first.open
    clock.now += 5
    second = IncidentWatch(Usual(), clock, MOSCOW, record)
    await second.resume(records(), NOON - 12 * 3600)
    assert [(each.topic, each.opened) for each in second.open] == [("signature", int(opened.opened))]

    call(second)
    second.close("signature")
    names = [each.data["incident"] for each in journal if each.kind.startswith("incident")]
    assert names == [f"signature-{int(opened.opened)}"] * 2  # the one that was opened is closed
    third = IncidentWatch(Usual(), clock, MOSCOW, record)
    await third.resume(records(), NOON - 12 * 3600)
    assert third.open == ()


async def test_what_is_usual_is_learnt_from_days_before() -> None:
    async def records() -> AsyncIterator[Record]:
        for number in range(60):
            at = NOON - 86_400 + number
            yield Record("c", 1, "topic", "", at, at, {"topic": "forms"})
            yield Record("c", 2, "queued", "", at, at, {"topic": "forms"})
        yield Record("c", 1, "topic", "", NOON, NOON, {"topic": "forms"})

    usual = await learnt(records(), NOON, MOSCOW)

    assert usual.calls(("forms", ""), 12) == 10.0  # of sixty in the hour, in ten minutes
    assert usual.days == {"2026-11-22"}
