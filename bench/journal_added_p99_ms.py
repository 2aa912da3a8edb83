"""What the journal adds to a call's step: the 99th percentile with it less the one without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bench.journal_load import journal_with_logs, record_step

_STEPS_PER_SECOND = 2_000  # some 200 calls a second: a hundred times the busiest hour of the documents
_ROUND_SECONDS = 1.5
_ROUNDS = 6


async def measure() -> dict[str, object]:
    """Rounds with and without take turns, so that a busy machine burdens both alike."""
    added: list[float] = []
    async with journal_with_logs() as (journal, _):
        count = 0

        def with_journal() -> None:
            nonlocal count
            record_step(journal, count)
            count += 1

        for _ in range(_ROUNDS):
            without = await _step_p99_seconds(lambda: None)
            added.append(await _step_p99_seconds(with_journal) - without)
    return {
        "value": round(1000 * sorted(added)[len(added) // 2], 3),
        "unit": "ms",
        "baseline": 1.0,
        "how": f"median of {_ROUNDS} rounds: p99 of a step and a turn of the event loop at {_STEPS_PER_SECOND} steps/s"
        " with the journal, less the same without",
    }


async def _step_p99_seconds(step: Callable[[], None]) -> float:
    """Steps arrive at their rate whether or not the loop keeps up; each is timed from when it was due to be served."""
    loop = asyncio.get_running_loop()
    seconds: list[float] = []
    done = asyncio.Event()
    total = int(_STEPS_PER_SECOND * _ROUND_SECONDS)
    begin = loop.time() + 0.05

    def serve(due: float) -> None:
        step()
        loop.call_soon(finished, due)

    def finished(due: float) -> None:
        seconds.append(time.monotonic() - due)
        if len(seconds) == total:
            done.set()

    for number in range(total):
        due = begin + number / _STEPS_PER_SECOND
        loop.call_at(due, serve, due)
    await done.wait()
    return sorted(seconds)[int(0.99 * total)]
