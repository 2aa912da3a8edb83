"""Incidents: found fast in simulated days, and no ordinary peak is taken for one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.stats.incident import Incident, Incidents, Told, Usual, at_least

MOSCOW = ZoneInfo("Europe/Moscow")
MIDNIGHT = datetime(2026, 11, 23, tzinfo=MOSCOW).timestamp()
SHARES = {
    "technical": 0.42 * 0.9, "forms": 0.31, "status": 0.2, "access": 0.06, "payments": 0.03, "signature": 0.015,
    "security": 0.007,
}  # fmt: skip
WORDS = {
    "technical": {"сайт": 0.3, "не работает": 0.35, "приложение": 0.15, "ошибка": 0.1, "белый экран": 0.01},
    "forms": {"заявление": 0.5, "загрузить файл": 0.06, "анкета": 0.02},
    "status": {"где заявление": 0.6, "когда ответ": 0.2},
    "access": {"войти": 0.7, "код": 0.3},
}
Calls = list[Told]


def rate_per_hour(hour: int, load: float) -> float:
    """A day with the peaks of 9–12 and 18–21."""
    base = 40 if hour < 7 else 250
    return load * base * (2.5 if 9 <= hour < 12 or 18 <= hour < 21 else 1.0)


def ordinary_day(dice: random.Random, day: int, load: float = 1.0) -> Calls:
    calls: Calls = []
    for hour in range(24):
        at = 0.0
        # every hour has its own mood: topics are not called about in exactly their shares
        moods = {phrase: dice.lognormvariate(0, 0.25) for phrases in WORDS.values() for phrase in phrases}
        weights = [share * dice.lognormvariate(0, 0.12) for share in SHARES.values()]
        while (at := at + dice.expovariate(rate_per_hour(hour, load) / 3600)) < 3600:
            topic = dice.choices(list(SHARES), weights)[0]
            shares = WORDS.get(topic, {}).items()
            said = tuple(phrase for phrase, share in shares if dice.random() < share * moods[phrase])
            calls.append(Told(topic, MIDNIGHT + 86_400 * day + 3600 * hour + at, said))
    return calls


@pytest.fixture(scope="module")
def usual() -> Usual:
    learnt = Usual()
    dice = random.Random(7)
    for day in range(7):
        for told in ordinary_day(dice, -day - 1):
            learnt.take(told, MOSCOW)
    return learnt


def run(usual: Usual, calls: Calls) -> Iterator[Incident]:
    incidents = Incidents(usual, MOSCOW)
    for told in sorted(calls, key=lambda told: told.at):
        yield from incidents.take(told)


@pytest.mark.parametrize("load", [0.3, 1.0, 2.0, 4.0])
def test_no_ordinary_day_has_an_incident(usual: Usual, load: float) -> None:
    dice = random.Random(int(load * 10))
    for day in range(2):
        assert list(run(usual, ordinary_day(dice, day, load))) == []


@pytest.mark.parametrize(
    ("topic", "hour", "per_minute", "within_minutes"),
    [
        ("technical", 10, 12, 10),  # in the peak, among 2.6 ordinary ones of its kind a minute
        ("technical", 3, 3, 10),
        ("signature", 14, 3, 6),
        ("access", 19, 6, 8),
    ],
)
def test_a_burst_is_found_in_minutes_and_over_after_it(
    usual: Usual, topic: str, hour: int, per_minute: float, within_minutes: float
) -> None:
    for seed in range(3):
        dice = random.Random(seed)
        begin = MIDNIGHT + hour * 3600
        calls = ordinary_day(dice, 0)
        at = begin
        while (at := at + dice.expovariate(per_minute / 60)) < begin + 1800:
            calls.append(Told(topic, at))

        opened, closed = run(usual, calls)

        assert (opened.topic, closed.topic) == (topic, topic)
        assert opened.closed is None
        assert begin < opened.opened <= begin + 60 * within_minutes
        assert closed.closed is not None
        assert begin + 1800 <= closed.closed <= begin + 1800 + 3600
        assert closed.calls > 0.5 * per_minute * 30


@pytest.mark.parametrize(
    ("topic", "phrase", "hour", "per_minute"),
    [
        ("forms", "анкета", 10, 1.5),  # beside 3.2 calls a minute about forms
        ("technical", "белый экран", 19, 2.0),  # beside 3.9 about failures
    ],
)
def test_a_failure_that_is_lost_in_its_topic_is_found_by_its_words(
    usual: Usual, topic: str, phrase: str, hour: int, per_minute: float
) -> None:
    for seed in range(3):
        dice = random.Random(seed)
        begin = at = MIDNIGHT + hour * 3600
        calls = ordinary_day(dice, 0)
        while (at := at + dice.expovariate(per_minute / 60)) < begin + 1800:
            calls.append(Told(topic, at, (phrase,)))

        opened, closed = run(usual, calls)
        assert (opened.subject, closed.subject) == ((topic, phrase), (topic, phrase))
        assert begin < opened.opened <= begin + 15 * 60

        silent = [Told(told.topic, told.at) for told in calls]
        assert list(run(usual, silent)) == [], "by topics alone it would have been found as well"


def test_a_phrase_that_nobody_has_said_before_says_nothing_yet(usual: Usual) -> None:
    dice = random.Random(1)
    calls = [Told(told.topic, told.at, (*told.phrases, f"new {told.topic}")) for told in ordinary_day(dice, 0)]
    assert list(run(usual, calls)) == []


def test_somebody_may_say_that_it_is_over(usual: Usual) -> None:
    incidents = Incidents(usual, MOSCOW)
    for number in range(30):
        incidents.take(Told("signature", MIDNIGHT + number))
    assert list(incidents.open) == ["signature"]
    assert incidents.close("signature", MIDNIGHT + 60).closed == MIDNIGHT + 60
    assert incidents.open == {}


def test_silence_ends_an_incident_too(usual: Usual) -> None:
    incidents = Incidents(usual, MOSCOW)
    for number in range(30):
        incidents.take(Told("signature", MIDNIGHT + number))
    for minute in range(1, 30):
        incidents.look(MIDNIGHT + 60 * minute)
        if minute < 20:
            assert incidents.open
    (over,) = incidents.look(MIDNIGHT + 3600)

    assert over.topic == "signature"


def test_asking_for_a_person_is_no_failure(usual: Usual) -> None:
    incidents = Incidents(usual, MOSCOW)

    assert [each for number in range(99) for each in incidents.take(Told("operator", MIDNIGHT + number))] == []


def test_the_first_day_knows_nothing_and_finds_a_flood_only() -> None:
    dice = random.Random(3)
    quiet = ordinary_day(dice, 0)
    flood = [Told("signature", MIDNIGHT + 36_000 + second) for second in range(300)]

    assert [each.topic for each in run(Usual(), [*quiet, *flood]) if each.closed is None and each.topic == "signature"]


@pytest.mark.parametrize(("calls", "expected"), [(0, 1.0), (1, 1.0), (5, 2.0), (20, 2.0), (60, 50.0), (200, 100.0)])
def test_the_chance_is_poissons(calls: int, expected: float) -> None:
    exact = sum(math.exp(n * math.log(expected) - expected - math.lgamma(n + 1)) for n in range(calls, calls + 400))

    assert at_least(calls, expected) == pytest.approx(exact, rel=1e-6)
