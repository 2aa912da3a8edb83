"""What a soak has found: readings taken whenever nobody is on the line, and what has grown between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

WARM_UP = 2
"""Readings that are not judged: caches and pools fill."""
_MORE_BY_CHANCE = 5  # connections of a pool, a thread that has just been started
_NOISE_MB, _MB_A_CALL = 8.0, 0.002
_GROWS_WITH_CALLS = frozenset({"store"})  # the journal is kept


@dataclass(frozen=True, slots=True)
class Reading:
    """`calls` so far; `counts` of what must not pile up, and `megabytes`, by whose they are."""

    seconds: float
    calls: int
    counts: Mapping[str, int]
    megabytes: Mapping[str, float]


def leaks(readings: Sequence[Reading]) -> list[str]:
    """What has grown that should not, in words."""
    judged = readings[WARM_UP:]
    if len(judged) < 2:
        return ["too few readings to tell anything"]
    return [*_counts_that_grew(judged), *_memory_that_grew(judged)]


def _counts_that_grew(judged: Sequence[Reading]) -> Iterator[str]:
    """From the middle on: until then a pool of connections may grow to as many as are ever used at once."""
    first, last = judged[(len(judged) - 1) // 2], judged[-1]
    for name in sorted({*first.counts, *last.counts}):
        before, now = first.counts.get(name, 0), last.counts.get(name, 0)
        if now > before + _MORE_BY_CHANCE:
            yield f"{name}: {before} → {now} in {last.calls - first.calls} calls"


def _memory_that_grew(judged: Sequence[Reading]) -> Iterator[str]:
    calls = judged[-1].calls - judged[0].calls
    for name in sorted(judged[-1].megabytes.keys() - _GROWS_WITH_CALLS):
        grown = megabytes_a_call(judged, name) * calls
        if grown > _NOISE_MB + _MB_A_CALL * calls:
            yield f"memory of {name}: {grown:+.1f} MB in {calls} calls"


def megabytes_a_call(readings: Sequence[Reading], name: str) -> float:
    """The median of the slopes between all pairs: a single odd reading moves nothing (Theil–Sen)."""
    slopes = [
        (later.megabytes[name] - earlier.megabytes[name]) / (later.calls - earlier.calls)
        for earlier, later in combinations(readings, 2)
        if later.calls > earlier.calls and name in earlier.megabytes and name in later.megabytes
    ]
    return median(slopes) if slopes else 0.0
