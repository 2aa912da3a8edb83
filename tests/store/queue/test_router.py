"""The router on a real server: offers reach the session, races end in one talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId, Queued, QueueRefused
from ivr.clock import SystemClock
from ivr.queue.model import Offer, OfferDeclined
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile

pytestmark = pytest.mark.store

ANNA = Profile("anna", {"access": 1, "technical": 2})
BORIS = Profile("boris", {"technical": 1})
CALL = CallId("call00000001")
OTHER = CallId("call00000002")
QUICK = Policy(wrap_up_seconds=0.2, not_again_seconds=0.2, widen_after_seconds=(0.0, 0.3))


class Site:
    """A router with what a session would see of it."""

    def __init__(self, redis: Redis, policy: Policy = QUICK, name: str = "one") -> None:
        self.offers: asyncio.Queue[Offer] = asyncio.Queue()
        self.withdrawn: asyncio.Queue[Offer] = asyncio.Queue()
        self.router = Router(
            QueueStore(redis),
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


@pytest.fixture
async def site(store: Redis) -> AsyncIterator[Site]:
    async with running(Site(store)) as running_site:
        yield running_site


async def test_a_call_waits_rings_talks_and_leaves_the_operator_free(site: Site) -> None:
    await site.router.operator_ready("anna")
    assert await site.enter() == Queued("people", 1)
    offer = await site.offer()
    assert (offer.call, offer.operator) == (CALL, "anna")
    assert 6 <= offer.ring_seconds <= 12
    assert "level 1" in offer.reason
    assert await site.router.accepted(offer)
    await site.state("anna", "talking")
    await site.router.talk_ended(CALL)
    await site.state("anna", "wrap_up")
    await site.state("anna", "ready")
    assert site.router.snapshot().waiting_count == 0
    assert site.withdrawn.empty()


async def test_nobody_signed_in_for_the_topic_refuses(site: Site) -> None:
    await site.router.operator_ready("boris")
    assert await site.enter(topic="access") == QueueRefused("people", "nobody")
    assert isinstance(await site.enter(topic="technical"), Queued)


async def test_who_leaves_while_it_rings_frees_the_operator_without_blame(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter()
    offer = await site.offer()
    await site.router.leave(CALL, "caller hung up")
    await site.state("anna", "ready")
    assert not await site.router.accepted(offer)
    assert site.router.snapshot().operators[0].misses == 0
    await site.enter(OTHER)
    assert (await site.offer()).call == OTHER


async def test_a_declined_call_is_back_in_its_place(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter(CALL)
    offer = await site.offer()
    await site.enter(OTHER)
    assert await site.router.declined(offer, "declined") == OfferDeclined(paused=False)
    assert [waiting.call for waiting in site.router.snapshot().waiting] == [CALL, OTHER]
    await site.router.operator_ready("boris")
    assert (await site.offer()).call == OTHER  # anna has just declined the first
    await site.router.leave(OTHER, "gone")
    assert (await site.offer()).call == CALL


async def test_who_does_not_answer_is_paused_and_the_snapshot_says_so(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter()
    assert await site.router.declined(await site.offer(), "no_answer") == OfferDeclined(paused=False)
    assert await site.router.declined(await site.offer(), "no_answer") == OfferDeclined(paused=True)
    await site.state("anna", "paused")
    assert site.router.snapshot().operators[0].reason == "no_answer"
    await site.router.operator_ready("anna")
    assert (await site.offer()).call == CALL


async def test_an_operator_who_pauses_while_it_rings_gives_the_call_back(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter()
    offer = await site.offer()
    await site.router.operator_paused("anna", "lunch")
    assert await asyncio.wait_for(site.withdrawn.get(), 5) == offer
    assert not await site.router.accepted(offer)
    await site.router.operator_ready("anna")
    assert (await site.offer()).offer != offer.offer


async def test_the_search_widens_as_time_goes_by(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter(topic="technical")
    await asyncio.sleep(0.1)
    assert site.offers.empty()
    offer = await site.offer()
    assert offer.operator == "anna"
    assert "widened to level 2" in offer.reason


async def test_another_controller_takes_over_and_the_session_still_gets_its_offers(store: Redis, site: Site) -> None:
    other = Site(store, name="two")
    async with running(other):
        assert isinstance(await other.enter(), QueueRefused)
        await other.router.operator_ready("anna")
        assert isinstance(await other.enter(), Queued)
        offer = await other.offer()  # decided by the first, delivered by the owner of the call
        assert site.offers.empty()
        assert await other.router.accepted(offer)


async def test_calls_of_a_dead_controller_leave_at_its_restart(store: Redis, site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter(CALL)
    await site.router.accepted(await site.offer())
    await site.enter(OTHER)
    assert await site.router.rebuild(alive={OTHER}) == (CALL,)
    await site.state("anna", "ready")
    assert (await site.offer()).call == OTHER
