"""Calls with equal needs in the order of their turn, and the free operators who can serve them, best first."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from ivr.call.events import CallId
from ivr.routing.skills import Need


class FreeOperator(NamedTuple):
    """A free operator beside a line; sorts by who should be asked first."""

    level: int
    scarcity: float
    idle_since: float
    name: str


class Standing(NamedTuple):
    """A call in a line; sorts by whose turn it is."""

    rank: float
    call: CallId


class CallHeap:
    """Calls by rank; a call that has left is forgotten when it comes to the top, or when half of the heap is gone."""

    __slots__ = ("_heap", "_standing")

    def __init__(self) -> None:
        self._heap: list[Standing] = []
        self._standing: dict[CallId, Standing] = {}

    def __len__(self) -> int:
        return len(self._standing)

    def add(self, standing: Standing) -> None:
        self._standing[standing.call] = standing
        heappush(self._heap, standing)

    def discard(self, call: CallId) -> None:
        if self._standing.pop(call, None) and len(self._heap) > 64 and len(self._heap) > 2 * len(self._standing):
            self._heap = list(self._standing.values())
            heapify(self._heap)

    def first(self) -> Standing | None:
        heap, standing = self._heap, self._standing
        while heap:
            if standing.get(heap[0].call) is heap[0]:
                return heap[0]
            heappop(heap)
        return None


class Line:
    """Calls with equal needs, and the free operators who can serve them.

    `apart` are the few calls that some operators must not be offered (they declined, or the call is kept for another
    one), in the order of their rank. `signed_in` counts the operators who can serve the line, whatever they do now.
    """

    __slots__ = ("apart", "calls", "free", "need", "signed_in")

    def __init__(self, wanted: Need) -> None:
        self.need = wanted
        self.calls = CallHeap()
        self.apart: list[Standing] = []
        self.free: list[FreeOperator] = []
        self.signed_in = 0

    def __len__(self) -> int:
        return len(self.calls) + len(self.apart)

    def discard(self, call: CallId) -> None:
        self.calls.discard(call)
        if self.apart:
            self.apart = [standing for standing in self.apart if standing.call != call]
