"""Virtual time: what happens next, in order, with nothing in between."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush


class Clockwork:
    """`at(moment, act)` lets `act()` happen then; equal moments keep the order in which they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._asked = 0

    def at(self, moment: float, act: Callable[[], None]) -> None:
        self._asked += 1
        heappush(self._agenda, (max(moment, self.now), self._asked, act))

    def run(self) -> None:
        """Until nothing is left to happen."""
        while self._agenda:
            self.now, _, act = heappop(self._agenda)
            act()
