"""How far off the wait that callers are told is: replayed days, told at the entry into the queue against what came."""

from __future__ import annotations

from statistics import mean, median

from bench.floor import day
from bench.floor.ours import Floor
from ivr.queue.model import QueuedCall
from ivr.routing.estimate import Correction, ExpectedWait, TalkTimes
from ivr.routing.outlook import outlook
from ivr.routing.policy import Policy

_LOADS = (0.85, 0.95)
_LEARNT = (1, 2, 3)
"""Days that the hotline has behind it."""
_SEEDS = (101, 102, 103)
_OPERATORS = 30


def measure() -> dict[str, object]:
    """Median error in seconds of the told middle; and how often the told range held."""
    correction = Correction()
    for seed in _LEARNT:
        for load in _LOADS:
            _, correction = told_and_waited(day.draw(seed, _OPERATORS, load), correction)
    pairs: list[tuple[ExpectedWait, float]] = []
    for seed in _SEEDS:
        for load in _LOADS:
            found, correction = told_and_waited(day.draw(seed, _OPERATORS, load), correction)
            pairs.extend(found)
    short = [(told, waited) for told, waited in pairs if told.seconds <= 30]
    long = [(told, waited) for told, waited in pairs if told.seconds > 30]
    return {
        "value": round(_error(pairs), 1),
        "unit": "s",
        "baseline": 15.0,
        "how": f"median error over {len(pairs)} callers at loads {', '.join(map(str, _LOADS))}; told ≤ 30 s: "
        f"{_error(short):.0f} s, range held for {_held(short):.0%}; told more: {_error(long):.0f} s, {_held(long):.0%} "
        "(meant: 60 %)",
    }


def _error(pairs: list[tuple[ExpectedWait, float]]) -> float:
    return median(abs(told.seconds - waited) for told, waited in pairs)


def _held(pairs: list[tuple[ExpectedWait, float]]) -> float:
    return mean(told.low_seconds <= waited <= told.high_seconds for told, waited in pairs)


def told_and_waited(one: day.Day, correction: Correction) -> tuple[list[tuple[ExpectedWait, float]], Correction]:
    """What each caller was told and waited; and what has been learnt."""
    floor = Floor(one, Policy())
    times = TalkTimes()
    for topic, seconds in day.TALK_SECONDS.items():
        for hour in range(24):
            times = times.after(topic, hour * 3600.0, seconds + day.WRAP_UP_SECONDS + day.ANSWER_SECONDS)
    reckoned: dict[str, ExpectedWait] = {}
    told: dict[int, ExpectedWait] = {}

    def enter(row: QueuedCall) -> None:
        if expected := outlook(floor.view, row, floor.policy, times, floor.clock.now):
            reckoned[row.call] = expected
            told[int(row.call)] = correction.of(expected)

    def answer(row: QueuedCall) -> None:
        nonlocal correction
        if row.call in reckoned:
            correction = correction.after(reckoned[row.call], floor.clock.now - row.entered_at)

    floor.on_enter, floor.on_answer = enter, answer
    floor.clock.run()
    return [(expected, floor.waits[number]) for number, expected in told.items()], correction
