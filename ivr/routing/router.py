"""One controller's part of the queue: what calls and operators tell the store, and what they may ask. Asyncio shell.

Every controller follows the store's changes and delivers the offers of its own calls (`follower`). One of them, which
holds the lease, decides (`decider`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal

import structlog

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId, OfferEnd, Queued, QueueRefused
from ivr.clock import Clock
from ivr.hours import ALWAYS, Hours
from ivr.queue import keys
from ivr.queue.model import (
    CallbackMissed,
    Done,
    Entered,
    Offer,
    OfferDeclined,
    QueuedCall,
    QueuedOperator,
    Refused,
)
from ivr.queue.store import QueueStore
from ivr.routing.callbacks import TRIES, next_try_at
from ivr.routing.decider import Decider
from ivr.routing.delivery import Delivery
from ivr.routing.estimate import ExpectedWait
from ivr.routing.follower import Follower
from ivr.routing.outlook import position
from ivr.routing.owed import Owed
from ivr.routing.policy import Policy
from ivr.routing.prospects import Prospects
from ivr.routing.skills import Need, Profile, level, need
from ivr.routing.snapshot import Snapshot, snapshot
from ivr.routing.view import QueueView

PASSED_BY_SECONDS = 120.0

_log = structlog.get_logger(__name__)


class Router:
    """One controller's part of the queue.

    `name` is unique among controllers and the same after a restart. `deliver(offer)` is called once an offer for a call
    of this controller is committed, `withdraw(offer)` when a delivered one is over through no act of the session's
    (operator paused, another one was faster): both at once, from the event loop, and must not block.
    """

    def __init__(
        self,
        store: QueueStore,
        clock: Clock,
        profiles: Iterable[Profile],
        *,
        name: str,
        deliver: Callable[[Offer], None],
        withdraw: Callable[[Offer], None],
        policy: Policy | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._policy = policy or Policy()
        self._owed = Owed()
        self._delivery = Delivery(name, deliver, withdraw)
        self._prospects = Prospects(self._policy)
        self._follower = Follower(
            store,
            clock,
            profiles,
            name=name,
            delivery=self._delivery,
            prospects=self._prospects,
            owed=self._owed,
        )
        self._decider = Decider(store, clock, self._policy, self._follower, self._prospects, name)

    async def run(self) -> None:
        """Follow, lead and decide until cancelled; the right to route is given back at the end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follower.run(), name="router-follow")
                tasks.create_task(self._decider.lead(), name="router-lead")
                tasks.create_task(self._decider.run(), name="router-decide")
                tasks.create_task(self._owed.run(self._follower.complete), name="router-tell")
        finally:
            await self._decider.yield_lead()

    async def started(self) -> None:
        """Wait until the view is built."""
        await self._follower.complete.wait()

    async def enter(
        self,
        call: CallId,
        wanted: EnterQueue,
        line: str,
        entered_at: float,
        *,
        preferred: str = "",
        caller_token: str = "",
        passed_by: str = "",
    ) -> Queued | QueueRefused:
        """Let the call wait for an operator. One that waits already, by a controller of before, stands where it stood.

        `entered_at` is Unix seconds, `preferred` the operator who knows the case, `caller_token` an opaque name of the
        caller who, when cut off, has the place back, `passed_by` who has just transferred the call: others come first.
        """
        wants = need(wanted.queue, wanted.topic, wanted.language, wanted.skills)
        if call not in self.view.calls and not await self._anybody(wants):
            return QueueRefused(wanted.queue, "nobody")
        row = QueuedCall(
            call=call,
            queue=wanted.queue,
            topic=wanted.topic,
            language=wanted.language,
            skills=wanted.skills,
            priority=wanted.priority,
            line=line,
            controller=self._name,
            entered_at=entered_at,
            place=entered_at,
            rank=entered_at - wanted.priority * self._policy.urgency_seconds,
            waiting_key=keys.waiting(wanted.queue),
            preferred=preferred,
            declined={passed_by: self._clock.wall() + PASSED_BY_SECONDS} if passed_by else {},
        )
        now = self._clock.wall()
        reckoned = self._prospects.reckon(self.view, row, now)
        answer = await self._store.enter(row, caller_token)
        if isinstance(answer, Entered):
            expected = self._prospects.tell(call, reckoned, now)
            return _queued(wanted.queue, answer.position, expected)
        return QueueRefused(wanted.queue, "full" if answer.reason == "full" else "closed")

    async def leave(self, call: CallId, reason: str, *, caller_token: str = "") -> None:
        """The call no longer waits or talks; a ringing operator is free again and not blamed."""
        self._delivery.left(call)
        keep = self._policy.keep_place_seconds if caller_token else 0
        now, wrap_up = self._clock.wall(), self._policy.wrap_up_seconds
        leave = partial(self._store.leave, call, now=now, wrap_up_seconds=wrap_up, caller_token=caller_token)
        await self._owed.tell(partial(leave, keep_seconds=keep))
        _log.debug("left queue", call=call, reason=reason)

    async def accepted(self, offer: Offer) -> bool:
        """The operator picked up; False when the offer is no longer true: let the operator's leg go.

        While the store is away it is true as far as anybody knows, and two people who could talk are not kept apart.
        """
        self._delivery.ended(offer)
        accept = partial(self._store.accept, offer, now=self._clock.wall())

        async def accept_late() -> None:
            if isinstance(await accept(), Refused):
                await self._store.leave(offer.call, now=self._clock.wall())  # they talk all the same: it waits no more

        answer = await self._owed.tell(accept, accept_late)
        return answer is None or isinstance(answer, Done)

    async def declined(self, offer: Offer, end: OfferEnd) -> bool:
        """The operator did not take it; the call is back in its place. True: the operator is on pause or gone for it.

        While the store is away, which is told later, that is not known.
        """
        self._delivery.ended(offer)
        now = self._clock.wall()
        misses, until = self._policy.misses_allowed, now + self._policy.not_again_seconds
        decline = partial(self._store.decline, offer, end, now=now, misses_allowed=misses, not_again_until=until)
        answer = await self._owed.tell(decline)
        return isinstance(answer, OfferDeclined) and answer.paused

    async def talk_ended(self, call: CallId) -> None:
        """Caller and operator have parted; the wrap-up begins."""
        now, wrap_up = self._clock.wall(), self._policy.wrap_up_seconds
        await self._owed.tell(partial(self._store.end_talk, call, now=now, wrap_up_seconds=wrap_up))

    async def ask_in(self, call: CallId, operator: str, *, answered: bool = False) -> bool:
        """Another operator rings for a talk, or has `answered` there; False when busy, or the talk is over."""
        state: Literal["offered", "talking"] = "talking" if answered else "offered"
        return isinstance(await self._store.ask_in(call, operator, state, now=self._clock.wall()), Done)

    async def let_go(self, call: CallId) -> None:
        """Who was asked in is free again."""
        await self._store.let_go(call, now=self._clock.wall())

    async def passed_on(self, call: CallId) -> None:
        """Who was asked in has the caller now; the wrap-up of the operator of before begins."""
        await self._store.pass_on(call, now=self._clock.wall(), wrap_up_seconds=self._policy.wrap_up_seconds)

    async def operator_ready(self, name: str) -> None:
        """The operator takes calls from now on."""
        await self._owed.tell(partial(self._store.ready, name, now=self._clock.wall()))

    async def operator_paused(self, name: str, reason: str) -> None:
        """The operator takes no calls for a while."""
        await self._owed.tell(partial(self._store.pause, name, reason, now=self._clock.wall()))

    async def operator_gone(self, name: str) -> None:
        """The operator, or the operator's telephone, is gone."""
        await self._owed.tell(partial(self._store.sign_out, name, now=self._clock.wall()))

    async def rebuild(self, alive: Collection[CallId]) -> tuple[CallId, ...]:
        """After a restart: calls of this controller that are not `alive` any more leave; answers which did.

        Who is to be rung back stays: a try that was under way has not counted.
        """
        _, rows = await self._store.feed.load()
        for row in rows.calls:
            if row.controller == self._name and row.callback and row.state == "offered":
                for operator, offer in row.offers.items():
                    await self._store.decline(
                        Offer(offer, row.call, operator, 0),
                        "withdrawn",
                        now=self._clock.wall(),
                        misses_allowed=0,
                        not_again_until=0,
                    )
        lost = tuple(row.call for row in rows.calls if self._is_lost(row, alive))
        for call in lost:
            await self._store.leave(call, now=self._clock.wall())
        return lost

    def promised(self) -> tuple[CallId, ...]:
        """Calls whose callers have hung up and are to be rung back."""
        return tuple(row.call for row in self.view.calls.values() if row.callback)

    def _is_lost(self, row: QueuedCall, alive: Collection[CallId]) -> bool:
        """A call without its telephone leg; who waits for a callback has none to lose."""
        waits_for_callback = row.callback != "" and row.state != "talking"
        return row.controller == self._name and row.call not in alive and not waits_for_callback

    async def request_callback(self, call: CallId, call_back: CallId, sealed: str, hours: Hours = ALWAYS) -> bool:
        """The caller hangs up and is rung back in turn, in the caller's `hours`; False: an operator rings already.

        The call named `call_back` takes over the place and the skills. When the turn comes, an Offer for it, with
        `callback`, is delivered: ring the operator and the caller, then `accepted`; or `callback_missed` when the
        caller does not answer.
        """
        now = self._clock.wall()
        at = next_try_at(now, 0, hours)
        answer = at is not None and await self._store.request_callback(call, call_back, sealed, not_before=at, now=now)
        return isinstance(answer, Done)

    async def callback_missed(self, offer: Offer, hours: Hours = ALWAYS) -> CallbackMissed | Refused:
        """The caller did not answer: the operator is free, the call keeps its place and is tried again later."""
        self._delivery.ended(offer)
        now = self._clock.wall()
        row = self.view.calls.get(offer.call)
        at = next_try_at(now, row.tries + 1 if row else 1, hours)
        tries = TRIES if at is not None else 0
        return await self._store.miss_callback(offer, now=now, not_before=at or now, tries_allowed=tries)

    def expected_wait(self, call: CallId) -> ExpectedWait | None:
        """How long this call will wait from now: never later than it was told before. None when nobody can say."""
        row = self.view.calls.get(call)
        return self._prospects.next_of(self.view, row, self._clock.wall()) if row else None

    def outlook(self, queue: str, topic: str, language: str) -> ExpectedWait | None:
        """How long a caller would wait who came now. None when nobody who could answer works."""
        now = self._clock.wall()
        row = QueuedCall(CallId(""), queue, topic, language, (), 0, "", "", now, now, now, "")
        return self._prospects.of_newcomer(self.view, row, now)

    def standing(self, call: CallId) -> Queued | None:
        """Where the call stands now, for announcements; None when it does not wait."""
        row = self.view.calls.get(call)
        if row is None or row.state == "talking":
            return None
        expected = self.expected_wait(call)
        return _queued(row.queue, position(self.view, row), expected)

    def row(self, call: CallId) -> QueuedCall | None:
        """The call as the queue has it; None when it is not there."""
        return self.view.calls.get(call)

    def waiting(self) -> Mapping[str, int]:
        """Callers who wait, by queue; costs a look at each line, not at each caller."""
        waiting: Counter[str] = Counter()
        for wanted, line in self.view.lines.items():
            waiting[wanted.queue] += len(line)
        return waiting

    @property
    def view(self) -> QueueView:
        """The queue as it stands, to be looked at only; another one after the store was away."""
        return self._follower.view

    def tell_operators(self, on_operators: Callable[[Sequence[QueuedOperator]], None]) -> None:
        """Tell of operators' new rows; must not block."""
        self._follower.on_operators = on_operators

    def snapshot(self) -> Snapshot:
        """What waits and who does what, for status pages."""
        return snapshot(self.view, self._clock.wall())

    async def _anybody(self, wanted: Need) -> bool:
        """Whether an operator who can serve the need is signed in; the view may lag, so the store confirms a no."""
        if self.view.line(wanted).signed_in:
            return True
        return any(
            operator.state != "gone" and level(self.view.profiles[operator.name], wanted) is not None
            for operator in await self._store.feed.operators()
            if operator.name in self.view.profiles
        )


def _queued(queue: str, place: int, expected: ExpectedWait | None) -> Queued:
    return Queued(queue, place, *((expected.seconds, expected.high_seconds) if expected else ()))
