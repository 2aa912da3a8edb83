"""How long a caller will wait: an honest range, from position, operators and measured talk times."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import exp, log2

_LOW_QUANTILE, _HIGH_QUANTILE = -0.84, 0.84  # of the normal distribution: 20 % and 80 %
_LESS = 0.2  # share of callers who wait less than they were told, and of those who wait longer
_CORRECTION_GAIN = 0.01
_MEMORY_TALKS = 30.0  # how many talks it takes to believe in a change
_FIRST_GUESS_SECONDS = 210.0  # until talks have been measured


@dataclass(frozen=True, slots=True)
class ExpectedWait:
    """Six of ten callers in this position wait between `low_seconds` and `high_seconds`."""

    low_seconds: float
    high_seconds: float

    @property
    def seconds(self) -> float:
        """The middle, when one figure is wanted."""
        return (self.low_seconds + self.high_seconds) / 2

    def with_ring(self, answer_seconds: float) -> ExpectedWait:
        """The same until the operator's voice: a ring is answered at once or after twice the usual time."""
        return ExpectedWait(self.low_seconds, self.high_seconds + 2 * answer_seconds)


def expected_wait(ahead: int, operators: int, free: int, talk_seconds: float) -> ExpectedWait | None:
    """Wait of a caller with `ahead` competing calls before, served by `operators`, of whom `free` are free now.

    None when nobody works. As many talks must end as there are calls ahead beyond the free operators, and one more;
    ends come at random at a rate of operators / talk_seconds, so their sum is a gamma distribution (Wilson–Hilferty).
    """
    if operators <= 0:
        return None
    ends_needed = ahead + 1 - free
    if ends_needed <= 0:
        return ExpectedWait(0.0, 0.0)
    mean = ends_needed * talk_seconds / operators
    spread = 1 / (9 * ends_needed)
    low, high = (
        mean * max(0.0, 1 - spread + quantile * spread**0.5) ** 3 for quantile in (_LOW_QUANTILE, _HIGH_QUANTILE)
    )
    return ExpectedWait(round(low, 1), round(high, 1))


@dataclass(frozen=True, slots=True)
class Correction:
    """How far off estimates have been, by their size: what was told low, or high, is so many times what was reckoned.

    Whoever is on the border between "still in time" and "late" waits seconds or minutes, which no formula of the queue
    knows; so the ends of the range move until a fifth of those who were told it waited less, and a fifth more.
    """

    factors: dict[int, tuple[float, float]] = field(default_factory=dict)

    def of(self, reckoned: ExpectedWait) -> ExpectedWait:
        """What to tell instead of what was reckoned."""
        low, high = self.factors.get(_size(reckoned), (1.0, 1.0))
        told = round(reckoned.high_seconds * high, 1)
        return ExpectedWait(min(told, round(reckoned.low_seconds * low, 1)), told)

    def after(self, reckoned: ExpectedWait, waited_seconds: float) -> Correction:
        """With one more caller who has been answered."""
        low, high = self.factors.get(_size(reckoned), (1.0, 1.0))
        told = self.of(reckoned)
        if waited_seconds < told.low_seconds:
            low *= exp(-_CORRECTION_GAIN * (1 - _LESS))
        elif 0 < told.low_seconds < told.high_seconds:
            low *= exp(_CORRECTION_GAIN * _LESS)
        high *= exp(_CORRECTION_GAIN * ((waited_seconds > told.high_seconds) - _LESS))
        return Correction({**self.factors, _size(reckoned): (low, high)})


def _size(reckoned: ExpectedWait) -> int:
    """Estimates of one size are as far off as each other: each is twice as long as the one before."""
    return int(log2(max(1.0, reckoned.seconds)))


def told_next(told: ExpectedWait | None, told_seconds_ago: float, estimate: ExpectedWait | None) -> ExpectedWait | None:
    """What to tell a caller who was told `told` before: never later than was promised, whatever the formula says now.

    When the promise has run out, the answer is "any moment" (0–0), not a longer wait.
    """
    if told is None:
        return estimate
    left = ExpectedWait(max(0.0, told.low_seconds - told_seconds_ago), max(0.0, told.high_seconds - told_seconds_ago))
    if estimate is None:
        return left
    return ExpectedWait(min(left.low_seconds, estimate.low_seconds), min(left.high_seconds, estimate.high_seconds))


@dataclass(frozen=True, slots=True)
class TalkTimes:
    """Mean seconds that an operator is taken by a call, by topic and hour (UTC); the newest talks count most."""

    means: dict[tuple[str, int], float] = field(default_factory=dict)

    def after(self, topic: str, at: float, seconds: float) -> TalkTimes:
        """With one more talk, of `topic`, that ended `at` (Unix seconds)."""
        key = topic, datetime.fromtimestamp(at, UTC).hour
        mean = self.means.get(key, self.mean(topic, at))
        return replace(self, means={**self.means, key: mean + (seconds - mean) / _MEMORY_TALKS})

    def mean(self, topic: str, at: float) -> float:
        """Of this hour, else of the nearest measured hour of the topic, else a first guess."""
        hour = datetime.fromtimestamp(at, UTC).hour
        own = {known: mean for (name, known), mean in self.means.items() if name == topic}
        if not own:
            return _FIRST_GUESS_SECONDS
        return own[min(own, key=lambda known: (min((known - hour) % 24, (hour - known) % 24), known))]
