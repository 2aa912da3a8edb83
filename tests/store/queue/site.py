"""A router on a real server, with what a session would see of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId, Queued, QueueRefused
from ivr.clock import SystemClock
from ivr.queue.model import Offer
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile

ANNA = Profile("anna", {"access": 1, "technical": 2})
BORIS = Profile("boris", {"technical": 1})
CALL = CallId("call00000001")
OTHER = CallId("call00000002")
BACK = CallId("back00000001")
QUICK = Policy(wrap_up_seconds=0.2, not_again_seconds=0.2, widen_after_seconds=(0.0, 0.3))


class Site:
    """A router with what a session would see of it."""

    def __init__(
        self,
        redis: Redis,
        policy: Policy = QUICK,
        name: str = "one",
        queue: QueueStore | None = None,
    ) -> None:
        self.offers: asyncio.Queue[Offer] = asyncio.Queue()
        self.withdrawn: asyncio.Queue[Offer] = asyncio.Queue()
        self.router = Router(
            queue or QueueStore(redis),
            SystemClock(),
            [ANNA, BORIS],
            name=name,
            deliver=self.offers.put_nowait,
            withdraw=self.withdrawn.put_nowait,
            policy=policy,
        )

    async def offer(self) -> Offer:
        return await asyncio.wait_for(self.offers.get(), 5)

    async def enter(self, call: CallId = CALL, topic: str = "access") -> Queued | QueueRefused:
        return await self.router.enter(call, EnterQueue("people", topic, "ru"), "federal", SystemClock().wall())

    async def state(self, operator: str, wanted: str) -> None:
        await until(lambda: any(o.operator == operator and o.state == wanted for o in self.router.snapshot().operators))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the view has no event for a single row
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Site]:
    task = asyncio.create_task(site.router.run())
    try:
        await asyncio.wait_for(site.router.started(), 5)
        yield site
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
