"""Critical incidents: many callers with the same failure in a short time. Pure.

The calls of the last minutes about a subject are held against that hour's usual number, times how much busier than
usual all other calls are: an ordinary peak raises all subjects alike and is no incident; a failure raises one. A
subject is a topic, or one of the admin's phrases by which it was known: a failure of file uploads is a few calls more
among many about forms, but many more of those that speak of uploads.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

WINDOW_SECONDS = 600.0
_LEAST_CALLS = 8  # fewer are no incident, however rare the subject
_CHANCE = 1e-7  # that ordinary calls look like an incident, at each look
_OVER_AFTER_SECONDS = 1200.0  # so long must it be as usual again
_STILL_UNUSUAL, _STILL_DEVIATES = 1.8, 2.5  # times the expected calls; standard deviations above them
_DIVERSITY = 1.6  # hours differ: a topic may have that many times the expected calls without being remarkable
_DIVERSITY_OF_WORDS = 2.5  # words more so: one broadcast, and everybody says it
_RAREST = 0.5
_NO_FAILURE = frozenset({"none", "operator", "out_of_scope"})

Subject = tuple[str, str]
"""Topic and phrase; "" for the topic as a whole."""


@dataclass(frozen=True, slots=True)
class Told:
    """One call's topic as it was found at `at` (Unix seconds), with the phrases that decided."""

    topic: str
    at: float
    phrases: tuple[str, ...] = ()

    @property
    def subjects(self) -> Iterator[Subject]:
        yield self.topic, ""
        for phrase in dict.fromkeys(self.phrases):
            yield self.topic, phrase


@dataclass(slots=True)
class Usual:
    """How many calls each subject has in a window of `WINDOW_SECONDS`, by the local hour; learnt from closed days."""

    by_subject: Counter[tuple[Subject, int]] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)
    known: set[Subject] = field(default_factory=set)
    days: set[str] = field(default_factory=set)

    def take(self, told: Told, zone: tzinfo) -> None:
        """Learn from one call; hours and days are those of `zone`."""
        moment = datetime.fromtimestamp(told.at, zone)
        for subject in told.subjects:
            self.by_subject[subject, moment.hour] += 1
            self.known.add(subject)
        self.by_hour[moment.hour] += 1
        self.days.add(f"{moment:%Y-%m-%d}")

    def calls(self, subject: Subject, hour: int) -> float:
        """The subject's calls in an ordinary window of that hour; none is so rare that one call is remarkable."""
        return max(_RAREST, self.by_subject[subject, hour] * self._window_share)

    def others(self, subject: Subject, hour: int) -> float:
        """All other calls in such a window."""
        return max(_RAREST, (self.by_hour[hour] - self.by_subject[subject, hour]) * self._window_share)

    @property
    def _window_share(self) -> float:
        return WINDOW_SECONDS / 3600 / max(1, len(self.days))


@dataclass(frozen=True, slots=True)
class Incident:
    """`calls` since it opened; `usual`: calls expected in a window; `phrase`: what its callers have in common, "" when
    that is the topic alone."""

    topic: str
    opened: float
    calls: int
    usual: float
    phrase: str = ""
    closed: float | None = None

    @property
    def subject(self) -> Subject:
        return self.topic, self.phrase


class Incidents:
    """Looks at every call's topic as it is found; `open`: incidents under way, one a topic; `usual` may be replaced."""

    def __init__(self, usual: Usual, zone: tzinfo) -> None:
        self.open: dict[str, Incident] = {}
        self.usual = usual
        self._zone = zone
        self._window: deque[Told] = deque()
        self._count: Counter[Subject] = Counter()
        self._last_unusual: dict[str, float] = {}

    def take(self, told: Told) -> tuple[Incident, ...]:
        """One more call; incidents that this opens or closes."""
        topic = told.topic
        self._window.append(told)
        self._count.update(told.subjects)
        changed = list(self.look(told.at))
        incident = self.open.get(topic)
        if incident is not None:
            if incident.subject in told.subjects:
                self.open[topic] = replace(incident, calls=incident.calls + 1)
        elif topic not in {each.topic for each in changed} and (found := self._found(told)) is not None:
            self.open[topic] = found
            self._last_unusual[topic] = told.at
            changed.append(found)
        return tuple(changed)

    def remember(self, calls: Iterable[Told], under_way: Iterable[Incident], at: float) -> None:
        """Go on after a restart: the calls of the last minutes and the incidents that were open."""
        own = list(self._window)
        self._window = deque([told for told in calls if told.at > at - WINDOW_SECONDS] + own)
        self._count = Counter(subject for told in self._window for subject in told.subjects)
        for incident in under_way:
            self.open.setdefault(incident.topic, incident)
            self._last_unusual[incident.topic] = at

    def look(self, at: float) -> tuple[Incident, ...]:
        """Time has passed: forget what is old; incidents that are over."""
        while self._window and self._window[0].at <= at - WINDOW_SECONDS:
            for subject in self._window.popleft().subjects:
                self._count[subject] -= 1
                if not self._count[subject]:
                    del self._count[subject]
        over = []
        for topic, incident in list(self.open.items()):
            expected = self._expected(incident.subject, at)
            ordinary = max(_STILL_UNUSUAL * expected, expected + _STILL_DEVIATES * math.sqrt(expected))
            if self._count[incident.subject] > max(_LEAST_CALLS / 2, ordinary):
                self._last_unusual[topic] = at
            elif at - self._last_unusual[topic] >= _OVER_AFTER_SECONDS:
                over.append(self.close(topic, at))
        return tuple(over)

    def close(self, topic: str, at: float) -> Incident:
        """The incident is over, also when somebody says so."""
        return replace(self.open.pop(topic), closed=at)

    def _found(self, told: Told) -> Incident | None:
        """The most telling subject of this call that has an incident: a phrase says more than its topic."""
        if told.topic in _NO_FAILURE:
            return None
        found = [each for subject in told.subjects if (each := self._judge(subject, told.at)) is not None]
        return max(found, key=lambda each: each.calls / max(each.usual, _RAREST), default=None)

    def _judge(self, subject: Subject, at: float) -> Incident | None:
        topic, phrase = subject
        calls = self._count[subject]
        if calls < _LEAST_CALLS or (phrase and subject not in self.usual.known):
            return None  # a phrase that the admin has just written says nothing yet: nobody knows how usual it is
        expected = self._expected(subject, at)
        remarkable = (_DIVERSITY_OF_WORDS if phrase else _DIVERSITY) * expected
        if calls <= remarkable or at_least(calls, remarkable) > _CHANCE:
            return None
        return Incident(topic, at, calls, round(expected, 1), phrase)

    def _expected(self, subject: Subject, at: float) -> float:
        """The subject's usual calls, times how much busier than usual all other calls are now."""
        hour = datetime.fromtimestamp(at, self._zone).hour
        busier = (len(self._window) - self._count[subject]) / self.usual.others(subject, hour)
        return self.usual.calls(subject, hour) * max(1.0, busier)


def at_least(calls: int, expected: float) -> float:
    """The chance of so many calls or more when so many are expected (Poisson)."""
    tail, number = 0.0, calls
    term = math.exp(number * math.log(expected) - expected - math.lgamma(number + 1))
    while True:
        tail += term
        number += 1
        term *= expected / number
        if number > expected and term <= tail * 1e-9:
            return min(1.0, tail)
