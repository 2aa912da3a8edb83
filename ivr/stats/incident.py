"""Critical incidents: many callers with the same failure in a short time. Pure.

A topic's calls in the last minutes are held against that hour's usual number, times how much busier than usual the
other topics are: an ordinary peak raises all topics alike and is no incident; a failure raises one.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

WINDOW_SECONDS = 600.0
_LEAST_CALLS = 8  # fewer are no incident, however rare the topic
_CHANCE = 1e-7  # that ordinary calls look like an incident, at each look
_OVER_AFTER_SECONDS = 1200.0  # so long must it be as usual again
_STILL_UNUSUAL = 1.8  # times the expected calls
_DIVERSITY = 1.6  # hours differ: a topic may have that many times the expected calls without being remarkable
_RAREST = 0.5
_NO_FAILURE = frozenset({"none", "operator", "out_of_scope"})
_WORDS_TOLD = 3


@dataclass(slots=True)
class Usual:
    """How many calls each topic has in a window of `WINDOW_SECONDS`, by the local hour; learnt from closed days."""

    by_topic: Counter[tuple[str, int]] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)
    days: set[str] = field(default_factory=set)

    def take(self, topic: str, moment: datetime) -> None:
        """Learn from one call at `moment`, local time."""
        self.by_topic[topic, moment.hour] += 1
        self.by_hour[moment.hour] += 1
        self.days.add(f"{moment:%Y-%m-%d}")

    def calls(self, topic: str, hour: int) -> float:
        """The topic's calls in an ordinary window of that hour; no topic is so rare that one call is remarkable."""
        return max(_RAREST, self.by_topic[topic, hour] * self._window_share)

    def others(self, topic: str, hour: int) -> float:
        """All other calls in such a window."""
        return max(_RAREST, (self.by_hour[hour] - self.by_topic[topic, hour]) * self._window_share)

    @property
    def _window_share(self) -> float:
        return WINDOW_SECONDS / 3600 / max(1, len(self.days))


@dataclass(frozen=True, slots=True)
class Incident:
    """`calls` since it opened; `usual`: calls expected in a window; `words`: what callers had in common."""

    topic: str
    opened: float
    calls: int
    usual: float
    words: tuple[str, ...] = ()
    closed: float | None = None


class Incidents:
    """Looks at every call's topic as it is found; `open`: incidents under way by topic; `usual` may be replaced."""

    def __init__(self, usual: Usual, zone: tzinfo) -> None:
        self.open: dict[str, Incident] = {}
        self.usual = usual
        self._zone = zone
        self._window: deque[tuple[float, str, str]] = deque()
        self._count: Counter[str] = Counter()
        self._last_unusual: dict[str, float] = {}

    def take(self, topic: str, at: float, words: str = "") -> tuple[Incident, ...]:
        """One more call about `topic` at `at` (Unix seconds); incidents that this opens or closes."""
        self._window.append((at, topic, words))
        self._count[topic] += 1
        changed = list(self.look(at))
        if topic in self.open and topic not in {each.topic for each in changed}:
            incident = self.open[topic]
            self.open[topic] = Incident(topic, incident.opened, incident.calls + 1, incident.usual, incident.words)
        elif topic not in self.open and (found := self._found(topic, at)) is not None:
            self.open[topic] = found
            self._last_unusual[topic] = at
            changed.append(found)
        return tuple(changed)

    def remember(self, calls: Iterable[tuple[float, str]], under_way: Iterable[Incident], at: float) -> None:
        """Go on after a restart: the calls of the last minutes (moment, topic) and the incidents that were open."""
        own = list(self._window)
        self._window = deque([(moment, topic, "") for moment, topic in calls if moment > at - WINDOW_SECONDS] + own)
        self._count = Counter(topic for _, topic, _ in self._window)
        for incident in under_way:
            self.open.setdefault(incident.topic, incident)
            self._last_unusual[incident.topic] = at

    def look(self, at: float) -> tuple[Incident, ...]:
        """Time has passed: forget what is old; incidents that are over."""
        while self._window and self._window[0][0] <= at - WINDOW_SECONDS:
            _, gone, _ = self._window.popleft()
            self._count[gone] -= 1
        over = []
        for topic in list(self.open):
            if self._count[topic] > max(_LEAST_CALLS / 2, _STILL_UNUSUAL * self._expected(topic, at)):
                self._last_unusual[topic] = at
            elif at - self._last_unusual[topic] >= _OVER_AFTER_SECONDS:
                over.append(self.close(topic, at))
        return tuple(over)

    def close(self, topic: str, at: float) -> Incident:
        """The incident is over, also when somebody says so."""
        incident = self.open.pop(topic)
        return Incident(topic, incident.opened, incident.calls, incident.usual, incident.words, at)

    def _found(self, topic: str, at: float) -> Incident | None:
        calls = self._count[topic]
        if calls < _LEAST_CALLS or topic in _NO_FAILURE:
            return None
        expected = self._expected(topic, at)
        if at_least(calls, _DIVERSITY * expected) > _CHANCE:
            return None
        return Incident(topic, at, calls, round(expected, 1), self._words(topic))

    def _expected(self, topic: str, at: float) -> float:
        """The topic's usual calls, times how much busier than usual all other topics are now."""
        hour = datetime.fromtimestamp(at, self._zone).hour
        busier = (len(self._window) - self._count[topic]) / self.usual.others(topic, hour)
        return self.usual.calls(topic, hour) * max(1.0, busier)

    def _words(self, topic: str) -> tuple[str, ...]:
        said: Counter[str] = Counter()
        for _, of, words in self._window:
            if of == topic:
                said.update(word.strip() for word in words.split(",") if word.strip())
        return tuple(word for word, _ in said.most_common(_WORDS_TOLD))


def at_least(calls: int, expected: float) -> float:
    """The chance of so many calls or more when so many are expected (Poisson)."""
    tail, number = 0.0, calls
    while True:
        term = math.exp(number * math.log(expected) - expected - math.lgamma(number + 1))
        tail += term
        number += 1
        if number > expected and term <= tail * 1e-9:
            return min(1.0, tail)
