"""The best floor there could be: everybody can take everything, nobody misses a ring, first come first served."""

from __future__ import annotations

from collections import deque
from functools import partial
from math import inf

from bench.floor.clockwork import Clockwork
from bench.floor.day import WRAP_UP_SECONDS, Caller, Day


def waits(day: Day) -> dict[int, float]:
    """Caller → seconds from entering the queue to the operator's voice; who hung up before is not named."""
    clock, found = Clockwork(), dict[int, float]()
    free, queue = len(day.people), deque[Caller]()

    def arrive(caller: Caller) -> None:
        queue.append(caller)
        if caller.patience_seconds < inf:
            clock.at(caller.at + caller.patience_seconds, partial(leave, caller))
        serve()

    def leave(caller: Caller) -> None:
        if caller in queue:
            queue.remove(caller)

    def serve() -> None:
        nonlocal free
        while free and queue:
            free -= 1
            caller = queue.popleft()
            found[caller.number] = clock.now + caller.answer_seconds[0] - caller.at
            clock.at(clock.now + caller.answer_seconds[0] + caller.talk_seconds + WRAP_UP_SECONDS, part)

    def part() -> None:
        nonlocal free
        free += 1
        serve()

    for caller in day.callers:
        clock.at(caller.at, partial(arrive, caller))
    clock.run()
    return found
