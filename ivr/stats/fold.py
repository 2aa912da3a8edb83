"""Figures as a fold over the journal: records in, tallies by line, topic, operator, hour and day out. Pure.

Memory: one `Call` while a call lives and until its paperwork is done (`_LATE_SECONDS`), then sums only.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from ivr.journal.record import Record
from ivr.stats.calls import TARGET_SECONDS, Call
from ivr.stats.occupancy import Occupancy

SHORT_ABANDON_SECONDS = 5.0
_LATE_SECONDS = 3600.0  # after the end: the operator's result and the rating are in by then

Dimension = Literal["all", "line", "topic", "operator", "hour", "local_hour", "day"]


@dataclass(slots=True)
class Tally:
    """Sums over calls. `offered`: entered a queue; `target`: within 30 s of entering it; `ring`: of the first ring;
    `late`: waited for longer, answered or not."""

    arrived: int = 0
    offered: int = 0
    refused: int = 0
    answered: int = 0
    answered_in_target: int = 0
    answered_in_target_of_ring: int = 0
    late: int = 0
    abandoned: int = 0
    abandoned_in_target: int = 0
    abandoned_short: int = 0
    abandoned_seconds: float = 0.0
    waits: array[float] = field(default_factory=lambda: array("f"))
    talked: int = 0
    talk_seconds: float = 0.0
    wrap_up_seconds: float = 0.0
    served_by_plan: int = 0
    left_in_menu: int = 0
    callbacks: int = 0
    failed: int = 0
    results: int = 0
    resolved: int = 0
    ratings: int = 0
    rating_sum: int = 0
    rated_well: int = 0
    repeated: int = 0
    work_seconds: float = 0.0
    staffed_seconds: float = 0.0

    def add(self, call: Call) -> None:
        """Count one call that is over."""
        if not call.rung_back:
            self._add_arrival(call)
        if call.talks:
            self.talked += 1
            self.talk_seconds += call.talk_seconds
            self.wrap_up_seconds += call.wrap_up_seconds
        self.failed += call.outcome == "failed"
        if call.resolved is not None:
            self.results += 1
            self.resolved += call.resolved
        if call.score is not None:
            self.ratings += 1
            self.rating_sum += call.score
            self.rated_well += call.score >= 4

    def _add_arrival(self, call: Call) -> None:
        self.arrived += 1
        self.refused += call.refused
        self.repeated += call.repeated
        self.served_by_plan += call.outcome == "ended"
        self.left_in_menu += call.outcome == "left" and call.queued is None
        self.callbacks += call.outcome == "callback"
        if call.queued is not None:
            self.offered += 1
            self._add_wait(call)

    def _add_wait(self, call: Call) -> None:
        self.late += call.in_time(0.0) is False
        if call.answered_wait_seconds is not None:
            self.answered += 1
            self.waits.append(call.answered_wait_seconds)
            self.answered_in_target += call.answered_wait_seconds <= TARGET_SECONDS
            since_ring = call.answered_since_ring_seconds
            self.answered_in_target_of_ring += since_ring is not None and since_ring <= TARGET_SECONDS
        elif call.abandoned_wait_seconds is not None and call.outcome != "callback":
            self.abandoned += 1
            self.abandoned_seconds += call.abandoned_wait_seconds
            self.abandoned_in_target += call.abandoned_wait_seconds <= TARGET_SECONDS
            self.abandoned_short += call.abandoned_wait_seconds <= SHORT_ABANDON_SECONDS


class Figures:
    """Tallies of a period. Calls count by the moment of their arrival; hours and days are those of `zone`."""

    def __init__(self, zone: tzinfo, begin_seconds: float = 0.0, end_seconds: float = float("inf")) -> None:
        self._zone = zone
        self._begin = begin_seconds
        self._end = end_seconds
        self._calls: dict[str, Call] = {}
        self._over: OrderedDict[str, float] = OrderedDict()  # call → when it ended
        self._occupancy = Occupancy(begin_seconds, end_seconds)
        self.tallies: dict[tuple[Dimension, str], Tally] = {}

    def take(self, record: Record) -> None:
        """Read one record; records of a call come in its order, calls among each other in any."""
        self._occupancy.take(record)
        if not record.call:
            return
        call = self._calls.get(record.call)
        if call is None:
            if record.kind not in ("arrived", "promised"):
                return  # of before the period
            call = self._calls[record.call] = Call()
        call.take(record.kind, record.data, record.wall_seconds)
        if record.kind == "ended":
            self._over[record.call] = record.wall_seconds
            self._settle(record.wall_seconds - _LATE_SECONDS)

    def finish(self, now_seconds: float) -> dict[tuple[Dimension, str], Tally]:
        """All tallies, calls that are over counted in full; `now_seconds` bounds what is still under way."""
        self._settle(float("inf"))
        for operator, work in self._occupancy.until(now_seconds).items():
            for group in (("all", ""), ("operator", operator)):
                tally = self.tallies.setdefault(group, Tally())
                tally.work_seconds += work.working_seconds
                tally.staffed_seconds += work.staffed_seconds
        return self.tallies

    def _settle(self, until_seconds: float) -> None:
        """Count and forget the calls that ended before."""
        while self._over and next(iter(self._over.values())) <= until_seconds:
            name, _ = self._over.popitem(last=False)
            call = self._calls.pop(name)
            if self._begin <= call.arrived < self._end:
                self._count(call)

    def _count(self, call: Call) -> None:
        local = datetime.fromtimestamp(call.arrived, self._zone)
        groups: list[tuple[Dimension, str]] = [
            ("all", ""),
            ("line", call.line),
            ("topic", call.topic),
            ("hour", f"{local:%H}"),
            ("local_hour", f"{local.astimezone(_zone(call.zone)) if call.zone else local:%H}"),
            ("day", f"{local:%Y-%m-%d}"),
        ]
        if call.operator:
            groups.append(("operator", call.operator))
        for group in groups:
            tally = self.tallies.get(group)
            if tally is None:
                tally = self.tallies[group] = Tally()
            tally.add(call)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def figures(
    records: Iterable[Record], zone: tzinfo, begin_seconds: float, end_seconds: float, now_seconds: float
) -> dict[tuple[Dimension, str], Tally]:
    """Tallies of all calls that arrived in the period; `records` may reach beyond it on either side."""
    fold = Figures(zone, begin_seconds, end_seconds)
    for record in records:
        fold.take(record)
    return fold.finish(now_seconds)
