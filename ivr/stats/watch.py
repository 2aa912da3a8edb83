"""Looks for critical incidents in live calls: what is usual is learnt from the journal, what is found goes into it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import tzinfo
from typing import Any

from ivr.clock import Clock
from ivr.journal.kinds import PHRASES_APART
from ivr.journal.record import Record
from ivr.stats.incident import WINDOW_SECONDS, Incident, Incidents, Told, Usual

LEARNING_SECONDS = 14 * 86_400.0
_LOOK_SECONDS = 60.0

RecordStep = Callable[[str, Mapping[str, Any]], None]


class IncidentWatch:
    """`record(kind, data)` writes to the journal. `observe` every record; run `run` as a task."""

    def __init__(self, usual: Usual, clock: Clock, zone: tzinfo, record: RecordStep) -> None:
        self._incidents = Incidents(usual, zone)
        self._zone = zone
        self._clock = clock
        self._began = clock.wall()
        self._record = record

    @property
    def open(self) -> tuple[Incident, ...]:
        """Incidents under way, the oldest first."""
        return tuple(sorted(self._incidents.open.values(), key=lambda incident: incident.opened))

    def observe(self, kind: str, data: Mapping[str, Any]) -> None:
        """A call has made a step. Never blocks."""
        if kind == "topic":
            self._write(self._incidents.take(_told(data, self._clock.wall())))

    async def learn(self, records: AsyncIterator[Record], before_seconds: float) -> None:
        """Know what is usual from these records; incidents under way go on."""
        self._incidents.usual = await learnt(records, before_seconds, self._zone)

    async def resume(self, records: AsyncIterator[Record], before_seconds: float) -> None:
        """Know what an earlier controller knew, from its records: what is usual, what is under way.

        What happened before `before_seconds`, midnight, is a whole day to learn from.
        """
        usual, open_, calls = Usual(), dict[str, Incident](), deque[Told]()
        async for record in records:
            at, data = record.wall_seconds, record.data
            match record.kind:
                case "topic" if at < before_seconds:
                    usual.take(_told(data, at), self._zone)
                case "topic" if at < self._began:
                    calls.append(_told(data, at))
                    while calls[0].at <= at - WINDOW_SECONDS:
                        calls.popleft()
                case "incident_opened":
                    name = str(data["incident"])
                    open_[name] = Incident(
                        str(data["topic"]),
                        _opened(name, at),
                        int(data["calls"] or 0),
                        float(data["usual"] or 0),
                        str(data.get("phrase") or ""),
                    )
                case "incident_closed":
                    open_.pop(str(data["incident"]), None)
                case _:
                    pass
        self._incidents.usual = usual
        self._incidents.remember(calls, open_.values(), self._clock.wall())

    def close(self, topic: str) -> None:
        """Somebody says that the failure is mended."""
        if topic in self._incidents.open:
            self._write((self._incidents.close(topic, self._clock.wall()),))

    async def run(self) -> None:
        """Notice also in silence that an incident is over, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._write(self._incidents.look(self._clock.wall()))

    def _write(self, changed: tuple[Incident, ...]) -> None:
        for incident in changed:
            name = _name(incident)
            if incident.closed is None:
                facts = {"incident": name, "topic": incident.topic, "calls": incident.calls, "usual": incident.usual}
                self._record("incident_opened", {**facts, "phrase": incident.phrase})
            else:
                seconds = round(incident.closed - incident.opened)
                self._record("incident_closed", {"incident": name, "calls": incident.calls, "seconds": seconds})


def _told(data: Mapping[str, Any], at: float) -> Told:
    phrases = str(data.get("phrases") or "")
    return Told(str(data.get("topic", "none")), at, tuple(phrases.split(PHRASES_APART)) if phrases else ())


def _name(incident: Incident) -> str:
    return f"{incident.topic}-{int(incident.opened)}"


def _opened(name: str, at: float) -> float:
    """The moment in the name, by which the incident is closed later; `at` is that of its record."""
    moment = name.rpartition("-")[2]
    return float(moment) if moment.isdigit() else at


async def learnt(records: AsyncIterator[Record], before_seconds: float, zone: tzinfo) -> Usual:
    """What is usual, from the topics found before that moment (Unix time): today is not yet a whole day."""
    usual = Usual()
    async for record in records:
        if record.wall_seconds >= before_seconds:
            break
        if record.kind == "topic":
            usual.take(_told(record.data, record.wall_seconds), zone)
    return usual
