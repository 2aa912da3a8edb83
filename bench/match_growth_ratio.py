"""What a routing decision costs with 100 000 calls waiting and 1 000 operators, against 100 and 10.

A decision is timed whole, as the router pays for it: the change is folded into the view and `match` decides. What
counts is processor time, so that other programs of the machine cost it nothing but their share of the caches.

Calls that come in the place of those that left come a few at a time: to keep the ages as they were they are put in at
old places, which moves 100 000 pointers through the caches as no caller does who comes now and stands last.
"""

from __future__ import annotations

import gc
import random
import time
from dataclasses import replace

from ivr.call.events import CallId
from ivr.queue.model import Change, QueuedCall, QueuedOperator
from ivr.routing.match import match
from ivr.routing.policy import Policy
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView

_TOPICS = ("access", "registration", "technical", "forms", "status", "documents", "payments", "appointment", "security")
_OLDEST_SECONDS = 200.0  # in both worlds: some can still be answered in time, some starve
_DECISIONS = 500
_ARRIVE_TOGETHER = 10
_ROUNDS = 30


def measure() -> dict[str, object]:
    """Both sizes take turns, so that a busy machine burdens both alike."""
    small, large = _World(100, 10), _World(100_000, 1_000)
    costs: dict[_World, list[float]] = {small: [], large: []}
    gc.collect()
    gc.freeze()  # the collector walks the rows of the large world, which is not the decision's cost
    try:
        for _ in range(_ROUNDS):
            for world in (small, large):
                costs[world].append(world.seconds_a_decision(_DECISIONS))
    finally:
        gc.unfreeze()
    few, many = min(costs[small]), min(costs[large])
    return {
        "value": round(many / few, 3),
        "unit": "ratio",
        "baseline": 1.5,
        "how": f"an operator becomes free → decision: {few * 1e6:.0f} µs with 100 waiting and 10 operators, "
        f"{many * 1e6:.0f} µs with 100 000 and 1 000; best of {_ROUNDS} × {_DECISIONS} decisions each",
    }


class _World:
    """A full queue and a floor on which everybody talks."""

    def __init__(self, calls: int, operators: int) -> None:
        self.random = random.Random(1)  # noqa: S311 - traffic, not secrets
        self.names = [f"operator{number}" for number in range(operators)]
        self.view = QueueView(
            Profile(name, {topic: level for level, topic in enumerate(self.random.sample(_TOPICS, 3), start=1)})
            for name in self.names
        )
        self.now = 1_700_000_000.0
        self.arrived = 0
        self.view.apply(Change("load", operators=tuple(QueuedOperator(name, "talking", 0, 0) for name in self.names)))
        for number in range(calls):
            age = _OLDEST_SECONDS * (1 - number / calls)
            self.view.apply(self._arrival(self.random.choice(_TOPICS), self.now - age))

    def seconds_a_decision(self, decisions: int) -> float:
        """Mean cost of: an operator becomes free, the view learns of it, a call is chosen for the operator."""
        spent = 0.0
        left: list[QueuedCall] = []
        for _ in range(decisions):
            self.now += 0.0001
            name = self.random.choice(self.names)
            free = Change("end_talk", operators=(QueuedOperator(name, "ready", self.now, self.now),))
            began = time.thread_time()
            self.view.apply(free)
            (decision,) = match(self.view, Policy(), self.now).decisions
            spent += time.thread_time() - began
            call = replace(self.view.calls[decision.call], state="offered", offers={name: "1"})
            busy = QueuedOperator(name, "offered", self.now, self.now, call=call.call, offer="1")
            began = time.thread_time()
            self.view.apply(Change("offer", calls=(call,), operators=(busy,)))
            spent += time.thread_time() - began
            self.view.apply(Change("accept", gone=(call.call,)))
            left.append(call)
            if len(left) == _ARRIVE_TOGETHER:  # then as many wait, for as long, as before
                for gone in left:
                    self.view.apply(self._arrival(gone.topic, gone.place))
                left.clear()
        return spent / decisions

    def _arrival(self, topic: str, place: float) -> Change:
        self.arrived += 1
        row = QueuedCall(
            call=CallId(f"{self.arrived:012}"),
            queue="people",
            topic=topic,
            language="ru",
            skills=(),
            priority=int(self.random.random() < 0.02),
            line="federal",
            controller="one",
            entered_at=place,
            place=place,
            rank=place,
            waiting_key="",
        )
        return Change("enter", calls=(row,))
