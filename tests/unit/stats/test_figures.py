"""Figures: every variant by hand, live equal to report, by groups, at the size of a day."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.journal.record import Record, Value
from ivr.stats.definitions import DEFINITIONS, percentile
from ivr.stats.fold import Figures, Tally, figures
from ivr.stats.today import Today

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = datetime(2026, 11, 23, tzinfo=MOSCOW)
MORNING = DAY.timestamp() + 9 * 3600


class Story:
    """Records of calls, written down by hand."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def add(self, call: str, at: float, kind: str, **data: Value) -> None:
        self.records.append(Record(call, 1, kind, "", MORNING + at, at, data))

    def call(
        self,
        name: str,
        *,
        at: float = 0.0,
        menu: float = 10.0,
        waits: float | None = None,
        talks: float | None = None,
        topic: str = "access",
        operator: str = "anna",
        zone: str = "",
    ) -> None:
        self.add(name, at, "arrived", line="78005553535", zone=zone)
        self.add(name, at + menu, "topic", topic=topic)
        moment = at + menu
        if waits is not None:
            self.add(name, moment, "queued", queue="people")
            moment += waits
        if talks is not None:
            self.add(
                name, moment, "connected", operator=operator, waited_seconds=waits, since_arrival_seconds=moment - at
            )
            moment += talks
            self.add(name, moment, "talk_ended", operator=operator, ended_by="caller", talk_seconds=talks)
        outcome = "talked" if talks is not None else "left"
        self.add(name, moment, "ended", outcome=outcome, queue_wait_seconds=waits)

    def tally(self, group: tuple[str, str] = ("all", "")) -> Tally:
        records = sorted(self.records, key=lambda record: record.wall_seconds)
        return figures(records, MOSCOW, DAY.timestamp(), DAY.timestamp() + 86_400, MORNING + 7200)[group]  # type: ignore[index]


def value(name: str, tally: Tally) -> float | None:
    return next(each for each in DEFINITIONS if each.name == name).value(tally)


def test_the_share_in_every_variant() -> None:
    """Ten queued: six answered in time (two of them late from the ring), one late; left after 3, 20 and 50 s."""
    story = Story()
    for number in range(4):
        story.call(f"quick{number}", waits=5.0, talks=60.0)
    for number in range(2):
        story.call(f"slow menu{number}", menu=29.0, waits=10.0, talks=60.0)
    story.call("late", waits=31.0, talks=60.0)
    for wait in (3.0, 20.0, 50.0):
        story.call(f"left{wait}", waits=wait)
    story.call("left in the menu")
    tally = story.tally()

    assert (tally.arrived, tally.offered, tally.answered, tally.abandoned, tally.left_in_menu) == (11, 10, 7, 3, 1)
    assert value("service_level", tally) == 75.0, "of eight: who left after 3 and 20 s may have been in a hurry"
    assert value("service_level_from_ring", tally) == 50.0
    assert value("share_of_offered", tally) == 60.0
    assert value("share_of_answered", tally) == pytest.approx(600 / 7)
    assert value("share_without_short", tally) == pytest.approx(600 / 9)
    assert value("share_with_abandoned", tally) == 80.0
    assert value("abandonment", tally) == 30.0
    assert value("abandonment_without_short", tally) == pytest.approx(200 / 9)
    assert value("speed_of_answer", tally) == pytest.approx((4 * 5 + 2 * 10 + 31) / 7)
    assert value("wait_longest", tally) == 31.0
    assert value("patience", tally) == pytest.approx(73 / 3)
    assert value("talk", tally) == 60.0


def test_exactly_thirty_seconds_is_within() -> None:
    story = Story()
    story.call("a", menu=0.0, waits=30.0, talks=1.0)

    assert value("service_level", story.tally()) == 100.0
    assert value("service_level_from_ring", story.tally()) == 100.0


def test_a_second_queue_does_not_begin_the_wait_anew() -> None:
    story = Story()
    story.add("a", 0, "arrived", line="1")
    story.add("a", 10, "queued", queue="people")
    story.add("a", 50, "unqueued", queue="people", reason="longest_wait")
    story.add("a", 50, "queued", queue="reserve")
    story.add("a", 55, "connected", operator="anna", waited_seconds=5.0, since_arrival_seconds=55.0)
    story.add("a", 60, "ended", outcome="talked")

    assert value("service_level", story.tally()) == 0.0
    assert value("wait_longest", story.tally()) == 45.0


def test_results_and_ratings_that_come_after_the_end_count() -> None:
    story = Story()
    story.call("a", waits=1.0, talks=100.0)
    story.add("a", 300, "result", resolved=True, after_seconds=20.0)
    story.add("a", 301, "rated", score=5)
    story.call("b", waits=1.0, talks=100.0)
    story.add("b", 300, "result", resolved=False, after_seconds=40.0)
    story.add("b", 301, "rated", score=2)
    tally = story.tally(("topic", "access"))

    assert value("first_contact", tally) == 50.0
    assert value("satisfaction", tally) == 3.5
    assert value("rated_well", tally) == 50.0
    assert value("handling", tally) == 130.0


def test_groups_by_line_topic_operator_hour_and_day_in_local_time() -> None:
    story = Story()
    story.call("a", at=0, waits=1.0, talks=5.0, topic="access", operator="anna")
    story.call("b", at=3600, waits=40.0, talks=5.0, topic="forms", operator="boris")

    assert value("service_level", story.tally(("hour", "09"))) == 100.0
    assert value("service_level", story.tally(("hour", "10"))) == 0.0
    assert story.tally(("topic", "forms")).answered == 1
    assert story.tally(("operator", "boris")).answered == 1
    assert story.tally(("line", "78005553535")).answered == 2
    assert story.tally(("day", "2026-11-23")).answered == 2


def test_hours_are_also_those_of_the_callers_region() -> None:
    story = Story()
    story.call("a", at=0, waits=1.0, talks=5.0)
    story.call("b", at=0, waits=40.0, talks=5.0, zone="Asia/Vladivostok")

    assert value("service_level", story.tally(("local_hour", "09"))) == 100.0
    assert value("service_level", story.tally(("local_hour", "16"))) == 0.0
    assert story.tally(("hour", "09")).answered == 2


def test_a_call_counts_for_the_period_it_arrived_in() -> None:
    story = Story()
    story.call("a", at=0, waits=1.0, talks=5000.0)
    story.call("b", at=4000, waits=1.0, talks=5.0)
    first = figures(story.records, MOSCOW, MORNING - 1, MORNING + 3600, MORNING + 9000)[("all", "")]
    second = figures(story.records, MOSCOW, MORNING + 3600, MORNING + 7200, MORNING + 9000)[("all", "")]

    assert (first.arrived, first.talk_seconds) == (1, 5000.0)
    assert (second.arrived, second.talk_seconds) == (1, 5.0)


def test_occupancy_counts_talk_and_paperwork_and_no_breaks() -> None:
    story = Story()
    for at, kind in (
        (0, "operator_ready"),
        (100, "connected"),
        (160, "talk_ended"),
        (160, "operator_wrap_up"),
        (180, "operator_ready"),
        (200, "operator_paused"),
        (500, "operator_ready"),
        (520, "operator_gone"),
    ):
        story.add("", at, kind, operator="anna")
    tally = story.tally(("operator", "anna"))

    assert (tally.work_seconds, tally.staffed_seconds) == (80.0, 220.0)
    assert value("occupancy", tally) == pytest.approx(100 * 80 / 220)


def test_nothing_to_divide_by_is_no_figure() -> None:
    for definition in DEFINITIONS:
        if definition.unit != "звонков":
            assert definition.value(Tally()) is None, definition.name


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(1, 100))
def test_percentiles_are_values_that_enough_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(values, percent)

    assert found in values
    assert sum(each <= found for each in values) >= len(values) * percent / 100 - 1e-9


def day_of_calls(count: int, seed: int = 1) -> Iterator[Record]:
    """A day's records in the order of time, as the stream has them."""
    dice = random.Random(seed)
    story = Story()
    for number in range(count):
        begin = dice.uniform(0, 8 * 3600)
        waits = dice.choice([None, dice.expovariate(1 / 15)])
        talks = dice.choice([None, dice.uniform(30, 300)]) if waits is not None else None
        topic = dice.choice(["access", "forms", "technical"])
        story.call(f"c{number}", at=begin, waits=waits, talks=talks, topic=topic, operator=f"o{dice.randrange(20)}")
        for filler in range(5):
            story.add(f"c{number}", begin + 1 + filler / 10, "said", prompts="menu")
    return iter(sorted(story.records, key=lambda record: record.wall_seconds))


def test_who_has_just_begun_to_wait_is_neither_in_time_nor_late() -> None:
    story = Story()
    story.call("answered", waits=1.0, talks=60.0)
    story.add("waits", 10, "arrived", line="1")
    story.add("waits", 20, "queued", queue="people")
    today = Today(MOSCOW, MORNING)
    for record in story.records:
        today.take(record.call, record.kind, record.data, record.wall_seconds)

    assert (today.within_30_of_queue, today.late(MORNING + 23)) == (1, {"access": 0, "none": 0})
    assert today.late(MORNING + 50.1) == {"access": 0, "none": 1}
    today.take("waits", "topic", {"topic": "forms"}, MORNING + 51)
    today.take("waits", "ended", {"outcome": "left", "queue_wait_seconds": 31.0}, MORNING + 51)
    assert +today.late(MORNING + 3600) == {"forms": 1}


def test_a_new_day_begins_at_midnight_of_the_zone() -> None:
    today = Today(MOSCOW, datetime(2026, 11, 23, 20, tzinfo=UTC).timestamp())
    assert today.midnight == DAY.timestamp()
    today.take("a", "arrived", {"line": "1"}, MORNING)
    today.take("a", "queued", {"queue": "people"}, MORNING)
    assert today.offered == 1

    today.turn((DAY + timedelta(days=1)).timestamp() - 1)
    assert today.offered == 1
    today.turn((DAY + timedelta(days=1)).timestamp())
    assert today.offered == 0


def test_memory_does_not_grow_with_calls_that_are_done() -> None:
    fold = Figures(MOSCOW)
    records = list(day_of_calls(4000))
    tracemalloc.start()
    for record in records[: len(records) // 2]:
        fold.take(record)
    half, _ = tracemalloc.get_traced_memory()
    for record in records[len(records) // 2 :]:
        fold.take(record)
    whole, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert whole - half < 2000 * 100  # bytes: far less than one record a call
