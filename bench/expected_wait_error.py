"""How far off the wait that callers are told is: replayed days, told at the entry into the queue against what came."""

from __future__ import annotations

from statistics import mean, median

from bench.floor import day
from bench.floor.ours import Floor
from ivr.routing.estimate import ExpectedWait, TalkTimes
from ivr.routing.outlook import outlook
from ivr.routing.policy import Policy

_LOADS = (0.85, 0.95)
_SEEDS = (101, 102, 103)
_OPERATORS = 30


def measure() -> dict[str, object]:
    """Median error in seconds of the told middle; and how often the told range held."""
    pairs = [pair for load in _LOADS for seed in _SEEDS for pair in _told_and_waited(day.draw(seed, _OPERATORS, load))]
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


def _told_and_waited(one: day.Day) -> list[tuple[ExpectedWait, float]]:
    floor = Floor(one, Policy())
    times = TalkTimes()
    for topic, seconds in day.TALK_SECONDS.items():
        for hour in range(24):
            times = times.after(topic, hour * 3600.0, seconds + day.WRAP_UP_SECONDS + day.ANSWER_SECONDS)
    told: dict[int, ExpectedWait] = {}
    floor.on_enter = lambda row: told.update(
        {int(row.call): expected}
        if (expected := outlook(floor.view, row, floor.policy, times, floor.clock.now))
        else {}
    )
    floor.clock.run()
    return [(expected, floor.waits[number]) for number, expected in told.items()]
