"""One day of the hotline: who calls when about what, who works, who is away from the desk when.

Drawn once for a seed and given to every way of routing alike, so that differences come from routing only.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

TOPIC_SHARES = {"technical": 0.42, "forms": 0.35, "status": 0.23}
TALK_SECONDS = {"technical": 240.0, "forms": 200.0, "status": 130.0}
LEVEL_SLOWDOWN = {1: 1.0, 2: 1.1, 3: 1.25}
"""Who knows a topic less well talks longer."""

BACK_TO_DESK_SECONDS = 5.0
"""Who comes back and finds the own telephone paused sets it to ready so much later."""

WRAP_UP_SECONDS = 15.0
ANSWER_SECONDS = 3.0
_AWAY_EVERY_SECONDS = 40 * 60.0
_AWAY_SECONDS = 60.0
_BEGIN_HOUR, _END_HOUR = 8, 22
_PEAK_HOURS = frozenset({9, 10, 11, 18, 19, 20})
_OFF_PEAK = 0.7
_SECOND_SKILL, _THIRD_SKILL = 0.6, 0.25


@dataclass(frozen=True, slots=True)
class Caller:
    """`talk_seconds` is with an operator of level 1; `answer_seconds`: reaction at each ring, in turns.

    Who has waited `patience_seconds` hangs up.
    """

    number: int
    at: float
    topic: str
    talk_seconds: float
    answer_seconds: tuple[float, ...]
    patience_seconds: float


@dataclass(frozen=True, slots=True)
class Person:
    """An operator: topic → level, and spans of being away from the desk without having said so."""

    name: str
    skills: dict[str, int]
    away: tuple[tuple[float, float], ...]

    def answers_at(self, rings_from: float, caller: Caller, ring: int) -> float:
        """When this `ring` of the caller (from 0) is answered, if it rings that long."""
        seconds = caller.answer_seconds[ring % len(caller.answer_seconds)]
        for begin, end in self.away:
            if begin <= rings_from < end:
                return end + seconds
        return rings_from + seconds


@dataclass(frozen=True, slots=True)
class Day:
    """Callers in the order of arrival; seconds count from midnight."""

    callers: tuple[Caller, ...]
    people: tuple[Person, ...]


def draw(seed: int, operators: int, load: float, patience_seconds: float = math.inf) -> Day:
    """A day whose peak hours bring `load` × the work that the operators can do.

    `patience_seconds`: mean of how long callers wait before they hang up; for ever unless given. The same seed gives
    the same callers and operators, patient or not.
    """
    chance = random.Random(seed)  # noqa: S311 - traffic, not secrets
    patience = random.Random(f"patience {seed}")  # noqa: S311
    people = _people(chance, operators)
    mean_seconds = sum(share * TALK_SECONDS[topic] for topic, share in TOPIC_SHARES.items())
    peak_rate = load * operators / (mean_seconds + WRAP_UP_SECONDS + ANSWER_SECONDS)
    callers: list[Caller] = []
    at = _BEGIN_HOUR * 3600.0
    while (at := at + chance.expovariate(peak_rate)) < _END_HOUR * 3600:
        if int(at // 3600) in _PEAK_HOURS or chance.random() < _OFF_PEAK:
            topic = chance.choices(list(TOPIC_SHARES), list(TOPIC_SHARES.values()))[0]
            callers.append(
                Caller(
                    number=len(callers),
                    at=at,
                    topic=topic,
                    talk_seconds=_lognormal(chance, TALK_SECONDS[topic], 0.6),
                    answer_seconds=tuple(_lognormal(chance, ANSWER_SECONDS, 0.4) for _ in range(5)),
                    patience_seconds=patience.expovariate(1) * patience_seconds,
                )
            )
    return Day(tuple(callers), people)


def _people(chance: random.Random, operators: int) -> tuple[Person, ...]:
    """First skills in proportion to the work; second and third ones as real operators have them: some."""
    work = {topic: share * TALK_SECONDS[topic] for topic, share in TOPIC_SHARES.items()}
    people = []
    for number in range(operators):
        point = (number + 0.5) / operators * sum(work.values())
        first = next(topic for topic in work if (point := point - work[topic]) < 0)
        second, third = chance.sample([topic for topic in work if topic != first], 2)
        skills = {first: 1}
        if chance.random() < _SECOND_SKILL:
            skills[second] = 2
            if chance.random() < _THIRD_SKILL:
                skills[third] = 3
        people.append(Person(f"operator{number:03}", skills, _away(chance)))
    return tuple(people)


def _away(chance: random.Random) -> tuple[tuple[float, float], ...]:
    spans = []
    at = _BEGIN_HOUR * 3600.0
    while (at := at + chance.expovariate(1 / _AWAY_EVERY_SECONDS)) < (_END_HOUR + 2) * 3600:
        spans.append((at, at := at + chance.expovariate(1 / _AWAY_SECONDS)))
    return tuple(spans)


def _lognormal(chance: random.Random, mean: float, sigma: float) -> float:
    return chance.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)
