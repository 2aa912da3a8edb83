"""What reports need to know of each call, gathered from its records. Pure.

Live figures and reports both read calls through `Calls`, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr.journal.record import wait_began

TARGET_SECONDS = 30.0


@dataclass(slots=True)
class Call:
    """One call as counted. Waits count from the first entry into a queue; None: did not happen, or is not known."""

    arrived: float = 0.0
    line: str = ""
    zone: str = ""
    topic: str = "none"
    operator: str = ""
    queued: float | None = None
    requeued: bool = False
    refused: bool = False
    answered_wait_seconds: float | None = None
    answered_since_ring_seconds: float | None = None
    abandoned_wait_seconds: float | None = None
    talks: int = 0
    talk_seconds: float = 0.0
    wrap_up_seconds: float = 0.0
    outcome: str = ""
    resolved: bool | None = None
    score: int | None = None
    repeated: bool = False
    rung_back: bool = False
    """We rang the caller, as promised in another call, which is the one that counts as a call to us."""

    @property
    def waiting(self) -> bool:
        """In the queue, not yet answered."""
        return self.queued is not None and not self.talks and self.abandoned_wait_seconds is None

    def in_time(self, now_seconds: float) -> bool | None:
        """Whether the target was kept; None when nobody can say: who waits, or has left, before it was up.

        Late is whoever has waited for longer, whatever became, or becomes, of it.
        """
        if (waited := self.answered_wait_seconds) is not None:
            return waited <= TARGET_SECONDS
        if (waited := self.abandoned_wait_seconds) is None:
            waited = 0.0 if self.queued is None else now_seconds - self.queued
        return False if waited > TARGET_SECONDS else None

    def take(self, kind: str, data: Mapping[str, Any], wall_seconds: float) -> None:
        """Read one record of the call."""
        if topic := data.get("topic"):
            self.topic = topic
        match kind:
            case "arrived":
                self.arrived, self.line, self.zone = wall_seconds, data.get("line", ""), data.get("zone") or ""
            case "promised":
                self.arrived, self.line, self.rung_back = wall_seconds, data.get("line", ""), True
            case "queued":
                self.requeued = self.queued is not None
                self.queued = wait_began(wall_seconds, data) if self.queued is None else self.queued
            case "queue_refused":
                self.refused = True
            case "connected":
                self._connected(data, wall_seconds)
            case "talk_ended":
                self.talk_seconds += data.get("talk_seconds") or 0.0
            case "ended":
                self._ended(data, wall_seconds)
            case _:
                self._paperwork(kind, data)

    def _paperwork(self, kind: str, data: Mapping[str, Any]) -> None:
        match kind:
            case "result":
                self.resolved = data.get("resolved")
                self.wrap_up_seconds = data.get("after_seconds") or 0.0
            case "rated":
                self.score = data.get("score")
            case "request_opened":
                self.repeated = bool(data.get("earlier"))
            case _:
                pass

    def _connected(self, data: Mapping[str, Any], wall_seconds: float) -> None:
        self.talks += 1
        self.operator = data.get("operator", "")
        if self.talks > 1:
            return
        self.answered_wait_seconds = self._waited(data.get("waited_seconds"), wall_seconds)
        since_ring = data.get("since_arrival_seconds")
        self.answered_since_ring_seconds = wall_seconds - self.arrived if since_ring is None else since_ring

    def _ended(self, data: Mapping[str, Any], wall_seconds: float) -> None:
        self.outcome = data.get("outcome", "")
        if self.waiting:
            self.abandoned_wait_seconds = self._waited(data.get("queue_wait_seconds"), wall_seconds)

    def _waited(self, told: float | None, wall_seconds: float) -> float:
        """The call's own measure counts from the last entry into a queue, which is right when there was but one."""
        if told is not None and not self.requeued:
            return told
        return max(0.0, wall_seconds - (wall_seconds if self.queued is None else self.queued))
