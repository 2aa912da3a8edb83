"""Two machines share the line, and one is gone for good: nobody is offered its callers, the other one's are served."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis

from tests.failures.conftest import measured
from tests.failures.test_store_loses_its_data import FIRST, SECOND, TALKING, Site, Store, store, until

__all__ = ["store"]

pytestmark = [pytest.mark.store, pytest.mark.timeout(90)]


async def test_the_other_one_routes_and_serves_its_callers(store: Store) -> None:
    async with Redis(host="127.0.0.1", port=store.port, socket_timeout=None) as redis:
        lost, left = Site(redis, "one"), Site(redis, "two")
        machines = {site: asyncio.create_task(site.router.run()) for site in (lost, left)}
        try:
            for site in machines:
                await site.router.started()
            await lost.router.operator_ready("anna")
            await lost.enter(TALKING, 0.0)
            assert await lost.router.accepted(await lost.offers.get())
            await lost.enter(FIRST, -2.0)
            await left.enter(SECOND, -1.0)
            await until(lambda: left.line() == [FIRST, SECOND])
            machines[lost].cancel()
            lost_at = time.monotonic()
            await left.router.operator_ready("boris")
            async with asyncio.timeout(40):
                offer = await left.offers.get()
            measured("one of two machines lost", time.monotonic() - lost_at)
            assert (offer.call, offer.operator) == (SECOND, "boris")
            assert await left.router.accepted(offer)
            assert left.line() == []
            assert left.doing("anna") == ("talking", TALKING), "they may be talking all the same"
        finally:
            for running in machines.values():
                running.cancel()
            await asyncio.gather(*machines.values(), return_exceptions=True)
