from __future__ import annotations

import asyncio

from ivr.call.wait import Wait
from ivr.virtual_time import LoopClock, run_virtually


async def _back_to_a_queue_that_takes_nobody() -> Wait:
    wait = Wait(LoopClock())
    wait.begin()
    await asyncio.sleep(3.0)
    wait.over()
    await asyncio.sleep(60.0)
    wait.resume()
    wait.refused()
    return wait


def test_a_call_that_is_not_taken_back_into_the_queue_has_waited_all_the_same() -> None:
    wait = run_virtually(_back_to_a_queue_that_takes_nobody())
    assert (wait.seconds, wait.going_on) == (3.0, False)


def test_a_call_that_the_queue_never_took_has_not_waited() -> None:
    async def refused() -> Wait:
        wait = Wait(LoopClock())
        wait.begin()
        wait.refused()
        return wait

    assert run_virtually(refused()).seconds is None
