"""How much of their time at work operators spend on calls, from the journal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ivr.journal.record import Record

_Activity = Literal["free", "working", "away"]

_BECOMES: Mapping[str, _Activity] = {
    "operator_ready": "free",
    "operator_paused": "away",
    "operator_gone": "away",
    "operator_wrap_up": "working",
    "connected": "working",
    "talk_ended": "free",  # unless paperwork follows: operator_wrap_up
}


@dataclass(slots=True)
class Work:
    """`staffed_seconds`: signed in and not on a break; `working_seconds` of them: talking or finishing a call."""

    working_seconds: float = 0.0
    staffed_seconds: float = 0.0


class Occupancy:
    """Sums each operator's time within a period, Unix seconds."""

    def __init__(self, begin_seconds: float, end_seconds: float) -> None:
        self._begin = begin_seconds
        self._end = end_seconds
        self._now: dict[str, tuple[_Activity, float]] = {}
        self._work: dict[str, Work] = {}

    def take(self, record: Record) -> None:
        """Read one record; others than operators' and talks are passed over."""
        becomes = _BECOMES.get(record.kind)
        operator = record.data.get("operator")
        if becomes is None or not isinstance(operator, str):
            return
        if operator not in self._now and not record.kind.startswith("operator_"):
            return  # when they signed in is not known: no whole to be a share of
        self._close(operator, record.wall_seconds)
        self._now[operator] = (becomes, record.wall_seconds)

    def until(self, now_seconds: float) -> Mapping[str, Work]:
        """The sums, with what is under way counted up to now."""
        for operator, (activity, _) in list(self._now.items()):
            self._close(operator, now_seconds)
            self._now[operator] = (activity, now_seconds)
        return self._work

    def _close(self, operator: str, at_seconds: float) -> None:
        activity, since = self._now.get(operator, ("away", at_seconds))
        seconds = min(at_seconds, self._end) - max(since, self._begin)
        if seconds <= 0 or activity == "away":
            return
        work = self._work.setdefault(operator, Work())
        work.staffed_seconds += seconds
        work.working_seconds += seconds if activity == "working" else 0.0
