"""Every figure that is shown live is the one that the report gives for the same calls."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ivr.journal.record import Record, Value
from ivr.stats.definitions import DEFINITIONS
from ivr.stats.fold import Dimension, Tally, figures
from ivr.stats.meters import Meters
from ivr.stats.today import Counts, Today

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = datetime(2026, 11, 23, tzinfo=MOSCOW).timestamp()
TOPICS = ("access", "forms", "technical", "none")
Tallies = dict[tuple[Dimension, str], Tally]


class Calls:
    """A day of every kind of call: answered, abandoned, queued twice, refused, put off, rung back, broken off."""

    def __init__(self, seed: int) -> None:
        self.records: list[Record] = []
        self._dice = random.Random(seed)
        for number in range(400):
            self._call(f"c{number}", DAY + self._dice.uniform(8 * 3600, 16 * 3600))
        self.records.sort(key=lambda record: record.wall_seconds)

    def _call(self, name: str, arrived: float) -> None:
        dice, at = self._dice, arrived

        def add(kind: str, after: float = 0.0, **data: Value) -> None:
            nonlocal at
            at += after
            self.records.append(Record(name, 1, kind, "", at, at, data))

        def end(outcome: str, **data: Value) -> None:
            add("ended", 0.1, outcome=outcome, topic=topic, **data)

        topic = dice.choice(TOPICS)
        add("arrived", line=dice.choice(("78005553535", "78432220222")), zone=dice.choice(("", "Asia/Omsk")))
        add("topic", 8.0, topic=topic)
        way = dice.choice(("menu", "refused", "left", "callback", "failed", "twice", "talk", "talk", "talk"))
        if way == "menu":
            return end(dice.choice(("ended", "left")))
        if way == "refused":
            add("queue_refused", 1.0, queue="people", reason="full")
            return end("ended")
        add("queued", 1.0, queue="people", topic=topic)
        queued, waits = at, dice.expovariate(1 / 25)
        add("request_opened", 0.0, request="1", topic="none")  # the store was slow: the call is further already
        if way in ("left", "failed"):
            at += waits
            return end(way, queue_wait_seconds=waits)
        if way == "callback":
            add("callback_accepted", waits, queue="people", call_back=f"{name}b")
            end("callback", queue_wait_seconds=waits)
            return self._rung_back(f"{name}b", at + 60)
        if way == "twice":
            add("unqueued", waits, queue="people", reason="longest_wait")
            topic = dice.choice(TOPICS)
            add("topic", 0.1, topic=topic)
            add("queued", 0.1, queue="reserve", topic=topic)
            waits = 3.0
        at += waits
        since = {"waited_seconds": at - queued, "since_arrival_seconds": at - arrived}
        add("connected", operator="anna", **since)
        talks = dice.uniform(20, 300)
        if dice.random() < 0.3:
            topic = dice.choice(TOPICS)
            add("topic", 1.0, topic=topic, by="operator")
        add("talk_ended", talks, operator="anna", ended_by="caller", talk_seconds=talks)
        return end("talked", queue_wait_seconds=waits)

    def _rung_back(self, name: str, at: float) -> None:
        steps: tuple[tuple[str, float, dict[str, Value]], ...] = (
            ("promised", 0.0, {"line": "78005553535", "queue": "people"}),
            ("connected", 5.0, {"operator": "anna", "waited_seconds": 65.0}),
            ("talk_ended", 50.0, {"operator": "anna", "talk_seconds": 50.0}),
            ("ended", 0.1, {"outcome": "talked"}),
        )
        for kind, after, data in steps:
            at += after
            self.records.append(Record(name, 1, kind, "", at, at, data))


@pytest.fixture(scope="module", params=range(4))
def records(request: pytest.FixtureRequest) -> list[Record]:
    return Calls(request.param).records


@pytest.fixture(scope="module")
def reported(records: list[Record]) -> Tallies:
    return figures(records, MOSCOW, DAY, DAY + 86_400, DAY + 86_399)


def counted(tally: Tally) -> Counts:
    return Counts(tally.offered, tally.answered, tally.answered_in_target, tally.abandoned, tally.late)


def test_the_day_on_the_wallboard(records: list[Record], reported: Tallies) -> None:
    today = Today(MOSCOW, DAY)
    for record in records:
        today.take(record.call, record.kind, record.data, record.wall_seconds)
    whole = reported["all", ""]

    late = today.late(DAY + 86_399).total()
    assert Counts(today.offered, today.answered, today.within_30_of_queue, today.abandoned, late) == counted(whole)
    assert today.within_30_of_ring == whole.answered_in_target_of_ring
    speed = next(each for each in DEFINITIONS if each.name == "speed_of_answer").value(whole)
    assert today.speed_of_answer_seconds == pytest.approx(speed, abs=0.051)

    by_topic = {topic: counted(tally) for (of, topic), tally in reported.items() if of == "topic" and tally.offered}
    assert {topic: counts for topic, counts in today.by_topic.items() if counts != Counts()} == by_topic
    slices = [asdict(counts) for counts in today.by_slice.values()]
    assert {name: sum(each[name] for each in slices) for name in slices[0]} == asdict(counted(whole))


def test_the_metrics(records: list[Record], reported: Tallies) -> None:
    meters = Meters()
    for record in records:
        meters.take(record.call, record.kind, record.data, record.wall_seconds)
    whole, shown = reported["all", ""], dict(sums(meters.exposition(())))
    outcomes = {name.partition("=")[2]: value for name, value in shown.items() if name.startswith("calls_ended_total=")}

    assert outcomes == {
        "talked": whole.answered,
        "callback": whole.callbacks,
        "ended": whole.served_by_plan,
        "left": whole.left_in_menu + whole.abandoned - whole.failed,
        "failed": whole.failed,
    }
    assert {name: shown[name] for name in FIGURES} == {name: getattr(whole, of) for name, of in FIGURES.items()}
    assert shown["wait_seconds_count"] == whole.answered
    assert shown["wait_seconds_sum"] == pytest.approx(sum(whole.waits), rel=1e-5)
    assert shown["talk_seconds_sum"] == pytest.approx(whole.talk_seconds)
    assert shown["journal_records_total"] == len(records)


FIGURES = {
    "calls_arrived_total": "arrived",
    "calls_queued_total": "offered",
    "calls_answered_total": "answered",
    "calls_answered_in_target_total": "answered_in_target",
    "calls_abandoned_total": "abandoned",
    "calls_late_total": "late",
    "calls_refused_total": "refused",
}


def sums(exposition: bytes) -> Iterator[tuple[str, float]]:
    """Each sample's sum over its topics and reasons; outcomes apart."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(exposition.decode()):
        for sample in family.samples:
            outcome = sample.labels.get("outcome")
            name = sample.name.removeprefix("ivr_") + (f"={outcome}" if outcome else "")
            found[name] = found.get(name, 0.0) + sample.value
    yield from found.items()
