"""The router on a real server: offers reach the session, races end in one talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from redis.asyncio import Redis

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId, Queued, QueueRefused
from ivr.clock import SystemClock
from ivr.queue.feed import QueueFeed
from ivr.queue.model import CallbackMissed, Done, Leading, Offer, Refused
from ivr.queue.order import Entry
from ivr.queue.reason_words import told
from ivr.queue.store import CALLER_RING_SECONDS, QueueStore
from ivr.routing.decider import LEASE_SECONDS
from ivr.routing.supervision import Supervision
from tests.store.queue.site import BACK, CALL, OTHER, QUICK, Site, running, until

pytestmark = pytest.mark.store

T = TypeVar("T")


@pytest.fixture
async def site(store: Redis) -> AsyncIterator[Site]:
    async with running(Site(store)) as running_site:
        yield running_site


async def test_a_call_waits_rings_talks_and_leaves_the_operator_free(site: Site) -> None:
    await site.router.operator_ready("anna")
    queued = await site.enter()
    assert isinstance(queued, Queued)
    assert (queued.position, queued.expected_wait_seconds) in ((1, 3.0), (1, None))  # None: the view lags by a moment
    offer = await site.offer()
    assert (offer.call, offer.operator) == (CALL, "anna")
    assert 6 <= offer.ring_seconds <= 12
    assert "уровень 1" in told(offer.reason, "ru")
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
    assert await site.router.declined(offer, "declined") is False
    assert [waiting.call for waiting in site.router.snapshot().waiting] == [CALL, OTHER]
    await site.router.operator_ready("boris")
    assert (await site.offer()).call == OTHER  # anna has just declined the first
    await site.router.leave(OTHER, "gone")
    assert (await site.offer()).call == CALL


async def test_who_does_not_answer_is_paused_and_the_snapshot_says_so(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter()
    assert await site.router.declined(await site.offer(), "no_answer") is False
    assert await site.router.declined(await site.offer(), "no_answer") is True
    await site.state("anna", "paused")
    assert site.router.snapshot().operators[0].reason == "no_answer"
    await site.router.operator_ready("anna")
    assert (await site.offer()).call == CALL


async def test_whose_telephone_cannot_be_reached_is_signed_off(site: Site) -> None:
    """Callers wait for somebody on pause; nobody comes back from a telephone that is not there."""
    await site.router.operator_ready("anna")
    await site.enter()
    offer = await site.offer()
    await site.router.declined(offer, "unreachable")
    await site.state("anna", "gone")
    assert await site.enter(OTHER) == QueueRefused("people", "nobody")


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
    assert "расширен до уровня 2" in told(offer.reason, "ru")


async def test_another_controller_takes_over_and_the_session_still_gets_its_offers(store: Redis, site: Site) -> None:
    other = Site(store, name="two")
    async with running(other):
        assert isinstance(await other.enter(), QueueRefused)
        await other.router.operator_ready("anna")
        assert isinstance(await other.enter(), Queued)
        offer = await other.offer()  # decided by the first, delivered by the owner of the call
        assert site.offers.empty()
        assert await other.router.accepted(offer)


class DeafFeed(QueueFeed):
    """Loads, then never hears of a change."""

    async def follow(self, position: str) -> AsyncGenerator[list[Entry]]:
        await asyncio.Event().wait()
        yield []


async def test_a_router_knows_what_its_own_commands_have_done_before_the_stream_tells(store: Redis) -> None:
    queue = QueueStore(store)
    queue.feed = DeafFeed(store)
    async with running(Site(store, queue=queue)) as site:
        await site.router.operator_ready("anna")
        await site.enter(CALL)
        offer = await site.offer()
        await site.enter(OTHER)
        assert await site.router.accepted(offer)
        await site.router.talk_ended(CALL)
        assert (await site.offer()).call == OTHER


async def test_calls_of_a_dead_controller_leave_at_its_restart(store: Redis, site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter(CALL)
    await site.router.accepted(await site.offer())
    await site.enter(OTHER)
    assert await site.router.rebuild(alive={OTHER}) == (CALL,)
    await site.state("anna", "ready")
    assert (await site.offer()).call == OTHER


async def test_a_call_that_the_next_controller_enters_again_stands_where_it_stood(store: Redis, site: Site) -> None:
    """Also when the last operator has gone meanwhile: who waits already is not sent away."""
    await site.router.operator_ready("anna")
    await site.router.operator_paused("anna", "lunch")
    await site.enter(CALL)
    await asyncio.sleep(0.002)  # who comes in the same millisecond shares the place
    await site.enter(OTHER)
    await site.router.operator_gone("anna")
    await site.state("anna", "gone")
    async with running(Site(store)) as heir:  # of the same name, as after a restart
        again = await heir.enter(CALL)
        assert isinstance(again, Queued)
        assert again.position == 1
        await heir.router.operator_ready("anna")
        assert (await heir.offer()).call == CALL
    _, rows = await QueueFeed(store).load()
    assert [row.call for row in rows.calls] == [CALL, OTHER]


async def test_a_dead_routers_work_is_taken_over_within_three_seconds(store: Redis) -> None:
    died = QueueStore(store)
    lead = await died.lead("died", LEASE_SECONDS)
    assert isinstance(lead, Leading)
    async with running(Site(store)) as site:
        await site.router.operator_ready("anna")
        await site.enter()
        async with asyncio.timeout(3):
            offer = await site.offers.get()
        # what the dead one still had on its way comes too late
        late = Offer("old", CALL, "boris", 5)
        assert await died.offer(late, epoch=lead.epoch, now=SystemClock().wall(), at_most=9) == Refused("stale_router")
        assert await site.router.accepted(offer)


async def test_a_controller_goes_on_from_what_the_one_before_had_learnt(store: Redis) -> None:
    learnt = '{"talk_seconds": [["access", 9, 150.5]], "corrections": [[5, 0.9, 1.1]]}'
    await QueueStore(store).learning.keep(learnt)
    async with running(Site(store)) as first:
        await first.router.operator_ready("anna")
        await first.enter()
        await first.offer()  # so it leads
    async with running(Site(store)) as second:
        await second.offer()  # still open, and this one leads now
    assert await QueueStore(store).learning.recall() == learnt


async def test_a_wrap_up_that_began_under_a_dead_router_ends(store: Redis) -> None:
    before = QueueStore(store)
    async with running(Site(store)) as site:
        await site.router.operator_ready("anna")
        await site.enter()
        await site.router.accepted(await site.offer())
    await before.end_talk(CALL, now=SystemClock().wall(), wrap_up_seconds=0.5)
    async with running(Site(store)) as site:
        await site.state("anna", "ready")


async def test_the_store_may_be_restarted_empty_of_scripts(store: Redis, site: Site) -> None:
    await store.script_flush()
    await site.router.operator_ready("anna")
    await site.enter()
    assert await site.router.accepted(await site.offer())


async def test_a_queue_is_closed_or_full_each_with_its_reason(store: Redis, site: Site) -> None:
    ops = Supervision(QueueStore(store), SystemClock(), QUICK)
    await site.router.operator_ready("boris")
    await ops.pull(CALL, "boris", by="olga")  # refused: unknown call
    await ops.limit_queue("people", 1, by="olga")
    await site.router.operator_paused("boris", "lunch")
    assert isinstance(await site.enter(CALL, "technical"), Queued)
    assert await site.enter(OTHER, "technical") == QueueRefused("people", "full")
    await ops.close_queue("people", by="olga")
    await site.router.leave(CALL, "gone")
    assert await site.enter(OTHER, "technical") == QueueRefused("people", "closed")
    await ops.open_queue("people", by="olga")
    assert isinstance(await site.enter(OTHER, "technical"), Queued)
    assert [entry.action for entry in await ops.audit()] == ["configure_queue"] * 3
    assert {entry.by for entry in await ops.audit()} == {"olga"}


async def test_ops_pull_move_and_prioritise(store: Redis, site: Site) -> None:
    ops = Supervision(QueueStore(store), SystemClock(), QUICK)
    await site.router.operator_ready("anna")
    await site.router.operator_paused("anna", "lunch")
    await site.enter(CALL, "access")
    await site.enter(OTHER, "access")
    assert await ops.prioritise(OTHER, 1, by="olga") == Done()
    await until(lambda: [w.call for w in site.router.snapshot().waiting] == [OTHER, CALL])
    await site.router.operator_ready("boris")
    assert await ops.pull(CALL, "boris", by="olga") == Done()
    offer = await site.offer()
    assert (offer.call, offer.operator) == (CALL, "boris")
    assert "olga" in offer.reason
    await site.router.declined(offer, "declined")
    await ops.move(OTHER, queue="people", topic="technical", language="ru", by="olga")
    assert (await site.offer()).call == OTHER
    assert [entry.action for entry in await ops.audit()] == ["move_call", "pull", "prioritise"]


async def test_a_callback_keeps_its_place_and_is_given_up_after_three_tries(store: Redis, site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.router.operator_paused("anna", "lunch")
    await site.enter(CALL)
    assert await site.router.request_callback(CALL, BACK, "sealed")
    assert not await site.router.request_callback(OTHER, BACK, "sealed")
    assert await site.router.rebuild(alive=()) == ()  # the caller has hung up, the place stays
    await until(lambda: site.router.promised() == (BACK,))
    await site.enter(OTHER)
    await site.router.operator_ready("anna")
    offer = await site.offer()
    assert (offer.call, offer.callback) == (BACK, "sealed")
    assert offer.ring_seconds > CALLER_RING_SECONDS  # there is time to ring the caller after the operator
    assert await site.router.callback_missed(offer) == CallbackMissed(given_up=False)
    assert (await site.offer()).call == OTHER  # the first one is tried again in some minutes
    assert site.router.snapshot().waiting[0].call == BACK


async def test_a_try_that_was_under_way_when_the_controller_died_does_not_count(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.router.operator_paused("anna", "lunch")
    await site.enter(CALL)
    await site.router.request_callback(CALL, BACK, "sealed")
    await site.router.operator_ready("anna")
    before = await site.offer()
    assert await site.router.rebuild(alive=()) == ()
    again = await site.offer()
    assert (again.call, again.callback) == (BACK, "sealed")
    assert again.offer != before.offer
    assert await site.router.accepted(again)


async def test_a_caller_who_was_cut_off_has_the_place_back(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.router.operator_paused("anna", "lunch")
    await site.router.enter(CALL, EnterQueue("people", "access", "ru"), "federal", SystemClock().wall() - 60)
    await site.enter(OTHER)
    await site.router.leave(CALL, "caller_hung_up", caller_token="token")
    again = CallId("call00000003")
    wanted = EnterQueue("people", "access", "ru")
    answer = await site.router.enter(again, wanted, "federal", SystemClock().wall(), caller_token="token")
    assert isinstance(answer, Queued)
    assert answer.position == 1


async def test_a_store_that_was_away_is_followed_again(store: Redis, site: Site) -> None:
    await site.router.operator_ready("anna")
    for connection in await store.client_list():
        if connection["cmd"] == "xread":
            await store.client_kill_filter(_id=connection["id"])
    await eventually(site.enter, lambda answer: isinstance(answer, Queued))
    assert await site.router.accepted(await site.offer())


async def test_lent_operators_are_lent_in_the_store_and_come_home(store: Redis) -> None:
    async with running(Site(store, policy=replace(QUICK, redistribute_seconds=0.2))) as site:
        await site.router.operator_ready("anna")
        await site.router.operator_ready("boris")
        await site.enter(OTHER, "access")
        await site.router.accepted(await site.offer())  # anna, whose second skill is technical, talks
        await site.router.operator_paused("boris", "lunch")
        await site.enter(CALL, "technical")
        feed = QueueStore(store).feed

        async def assigned() -> dict[str, str]:
            return {operator.name: operator.assigned for operator in await feed.operators()}

        await eventually(assigned, lambda found: found["anna"] == "technical")
        await site.router.leave(CALL, "gone")
        await eventually(assigned, lambda found: found["anna"] == "")


async def test_where_a_call_stands(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.router.operator_paused("anna", "lunch")
    await site.enter(CALL)
    await asyncio.sleep(0.002)  # who comes in the same millisecond shares the place
    await site.enter(OTHER)

    def position() -> int:
        standing = site.router.standing(OTHER)
        return standing.position if standing else 0

    # The view may not know yet that anna pauses, and have offered her the first call for a moment.
    await until(lambda: position() == 2)
    assert site.router.standing(CallId("unknown")) is None


async def eventually(ask: Callable[[], Awaitable[T]], true: Callable[[T], bool]) -> None:
    async with asyncio.timeout(5):
        while not true(await ask()):  # noqa: ASYNC110 - rows in the store have no event here
            await asyncio.sleep(0.02)


async def test_who_is_asked_in_gets_no_other_call_and_takes_the_talk_over(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter(topic="technical")
    assert await site.router.accepted(await site.offer())
    await site.router.operator_ready("boris")
    assert await site.router.ask_in(CALL, "boris")
    await site.state("boris", "offered")
    await site.enter(OTHER, topic="technical")
    assert not await site.router.ask_in(OTHER, "boris"), "a call that nobody has answered asks nobody in"
    assert await site.router.ask_in(CALL, "boris", answered=True)
    await site.router.passed_on(CALL)
    await site.state("boris", "talking")
    assert (await site.offer()).operator == "anna"  # after the wrap-up, while boris talks
    await site.router.talk_ended(CALL)
    await site.state("boris", "wrap_up")


async def test_who_is_let_go_or_whose_talk_ends_meanwhile_is_free_again(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter()
    assert await site.router.accepted(await site.offer())
    assert not await site.router.ask_in(CALL, "boris"), "not signed in"
    await site.router.operator_ready("boris")
    assert await site.router.ask_in(CALL, "boris")
    assert not await site.router.ask_in(CALL, "anna"), "one at a time"
    await site.router.let_go(CALL)
    await site.state("boris", "ready")
    assert await site.router.ask_in(CALL, "boris")
    await site.router.leave(CALL, "caller hung up")
    await site.state("boris", "ready")


async def test_a_call_that_was_put_back_does_not_come_to_who_has_put_it_back(site: Site) -> None:
    await site.router.operator_ready("anna")
    await site.enter(topic="technical")
    assert await site.router.accepted(await site.offer())
    await site.router.talk_ended(CALL)
    wanted = EnterQueue("people", "technical", "ru")
    assert isinstance(await site.router.enter(CALL, wanted, "federal", 1.0, passed_by="anna"), Queued)
    await site.state("anna", "ready")
    await site.router.operator_ready("boris")
    assert (await site.offer()).operator == "boris"
