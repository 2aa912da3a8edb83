"""The figures of the day as a fold over the journal's records; the status page shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_TARGET_SECONDS = 30.0


@dataclass(slots=True)
class Today:
    """Counts since `midnight` (Unix seconds). A call counts as offered once, when it first enters a queue."""

    midnight: float
    offered: int = 0
    answered: int = 0
    within_30_of_queue: int = 0
    within_30_of_ring: int = 0
    abandoned: int = 0
    _waited_seconds: float = 0.0
    _waiting: set[str] = field(default_factory=set)

    @property
    def speed_of_answer_seconds(self) -> float | None:
        """Mean wait of the answered calls; None before the first."""
        return round(self._waited_seconds / self.answered, 1) if self.answered else None

    def take(self, call: str, kind: str, data: Mapping[str, object]) -> None:
        """Count one record."""
        match kind:
            case "queued" if call not in self._waiting:
                self._waiting.add(call)
                self.offered += 1
            case "connected" if call in self._waiting:
                self._waiting.discard(call)
                self.answered += 1
                waited = _number(data.get("waited_seconds"))
                self._waited_seconds += waited
                self.within_30_of_queue += waited <= _TARGET_SECONDS
                self.within_30_of_ring += _number(data.get("since_arrival_seconds")) <= _TARGET_SECONDS
            case "ended" if call in self._waiting:
                self._waiting.discard(call)
                self.abandoned += 1


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
