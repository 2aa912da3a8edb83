"""Who holds the lease decides with `match` and commits in the store. Asyncio shell, no policy.

Nothing polls: changes of the view wake it up, and timers run only to moments that the view or policy names.
"""

from __future__ import annotations

import asyncio
import secrets

import structlog

from ivr.call.events import CallId
from ivr.clock import Clock
from ivr.errors import StoreUnavailable
from ivr.queue.model import Leading, Offer, QueuedOperator, Refused
from ivr.queue.reason import to_json
from ivr.queue.store import QueueStore
from ivr.routing.follower import STORE_RETRY_SECONDS, Follower
from ivr.routing.match import Decision, match
from ivr.routing.policy import Policy
from ivr.routing.prospects import Prospects
from ivr.routing.redistribute import redistribute
from ivr.routing.view import QueueView

LEASE_SECONDS = 2.5
_RENEWALS_PER_LEASE = 3
_YIELD_SECONDS = 1.0
# A controller that took over in time has told by then; the callers of one that comes back later have their places by
# the time at which they came.
_CALLERS_LOST_SECONDS = 3.0
_TALKS_LOST_SECONDS = 60.0  # its Asterisk may be there all the same, with people talking
_KEEP_LEARNT_SECONDS = 60.0
_OFFERS = 1_000_000

_log = structlog.get_logger(__name__)


class Decider:
    """The router's role as one controller, `name`, asks for it, and plays it while it has it."""

    def __init__(
        self, store: QueueStore, clock: Clock, policy: Policy, follower: Follower, prospects: Prospects, name: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._follower = follower
        self._prospects = prospects
        self._name = name
        self._epoch = 0
        self._offers_made = secrets.randbelow(_OFFERS)  # the controller of before may have led the same epoch
        self._redistribute_at = 0.0
        self._learnt_kept_at = 0.0
        self._silent_since: dict[str, float] = {}
        self._wake = asyncio.Event()
        follower.on_change = self._wake.set

    async def lead(self) -> None:
        """Ask for the right to route, and renew it, until cancelled."""
        while True:
            try:
                await self._store.presence.tell(self._name)
                answer = await self._store.lead(self._name, LEASE_SECONDS)
                if isinstance(answer, Leading):
                    await self._let_go_of_the_lost()
                    await self._hand_on_what_was_learnt(anew=answer.epoch != self._epoch)
            except StoreUnavailable:
                self._epoch = 0
                await asyncio.sleep(STORE_RETRY_SECONDS)
                continue
            if isinstance(answer, Leading):
                if answer.epoch != self._epoch:
                    _log.info("routing from now on", epoch=answer.epoch)
                    self._epoch = answer.epoch
                    self._wake.set()
                await asyncio.sleep(LEASE_SECONDS / _RENEWALS_PER_LEASE)
            else:
                self._epoch = 0
                await asyncio.sleep(answer.retry_seconds + 0.01)

    async def _let_go_of_the_lost(self) -> None:
        """Calls of a machine that is gone are offered to nobody, and its talks keep no operator."""
        rows, now = tuple(self._follower.view.calls.values()), self._clock.monotonic()
        silent = await self._store.presence.silent({row.controller for row in rows} - {self._name})
        self._silent_since = {name: self._silent_since.get(name, now) for name in silent}
        for row in rows:
            if row.controller not in silent or (row.callback and row.state != "talking"):
                continue  # who is promised a callback waits for the machine to come back
            patience = _TALKS_LOST_SECONDS if row.state == "talking" else _CALLERS_LOST_SECONDS
            if now - self._silent_since[row.controller] > patience:
                _log.warning("call of a lost controller", call=row.call, controller=row.controller)
                await self._store.leave(row.call, now=self._clock.wall(), wrap_up_seconds=self._policy.wrap_up_seconds)

    async def _hand_on_what_was_learnt(self, *, anew: bool) -> None:
        """So that neither a restart nor a take-over begins with first guesses of how long callers wait."""
        now = self._clock.monotonic()
        if anew:
            self._prospects.recall(await self._store.learning.recall())
        elif now >= self._learnt_kept_at + _KEEP_LEARNT_SECONDS:
            await self._store.learning.keep(self._prospects.learnt())
        else:
            return
        self._learnt_kept_at = now

    async def yield_lead(self) -> None:
        """Give the right to route back, if it is held."""
        if not self._epoch:
            return
        try:
            async with asyncio.timeout(_YIELD_SECONDS):
                await self._store.learning.keep(self._prospects.learnt())
                await self._store.yield_lead(self._name)
        except (StoreUnavailable, TimeoutError):
            pass  # the lease runs out by itself

    async def run(self) -> None:
        """Decide whenever something has changed or a moment has come, until cancelled."""
        while True:
            self._wake.clear()
            due_at = None
            if self._epoch and self._follower.complete.is_set():
                try:
                    due_at = await self._decide()
                except StoreUnavailable as error:
                    _log.warning("decision not committed", reason=str(error))
                    due_at = self._clock.wall() + STORE_RETRY_SECONDS
            try:
                async with asyncio.timeout(None if due_at is None else max(0.0, due_at - self._clock.wall())):
                    await self._wake.wait()
            except TimeoutError:
                pass  # the moment that the view named has come

    async def _decide(self) -> float | None:
        """Commit all that is due now; answers when the next thing is."""
        now, view = self._clock.wall(), self._follower.view
        due = view.timers.due(now)
        decided: list[Decision] = []
        try:
            while due:
                await self._end(due[0], now)
                due.pop(0)
            redistribute_at = await self._redistribute(view, now)
            matches = match(view, self._policy, now)
            decided.extend(matches.decisions)
            while decided:
                await self._commit(decided[0], now)
                decided.pop(0)
        finally:  # the store is lost: nobody knows whether the first of each was committed
            for operator in due:
                view.timers.set(operator)
            for decision in decided:
                view.restore(decision.call, decision.operator)
        moments = (matches.next_change_at, view.timers.next_at(), redistribute_at)
        return min((at for at in moments if at is not None), default=None)

    async def _redistribute(self, view: QueueView, now: float) -> float | None:
        """Lend operators or send them home when it is time; answers when it is time again, None: nothing to watch."""
        if now >= self._redistribute_at:
            self._redistribute_at = now + self._policy.redistribute_seconds
            for assignment in redistribute(view, self._policy, self._prospects.talk_seconds(now)):
                await self._store.assign(assignment.operator, assignment.topic, now=now)
        return self._redistribute_at if view.crowded or view.lent else None

    async def _end(self, operator: QueuedOperator, now: float) -> None:
        if operator.state == "wrap_up":
            await self._store.end_wrap_up(operator.name, operator.until_at, now=now)
        else:
            offer = Offer(operator.offer, CallId(operator.call), operator.name, 0)
            await self._store.decline(offer, "withdrawn", now=now, misses_allowed=0, not_again_until=0)

    async def _commit(self, decision: Decision, now: float) -> None:
        self._offers_made += 1
        offer = Offer(f"{self._epoch}.{self._offers_made}", decision.call, decision.operator, decision.ring_seconds)
        answer = await self._store.offer(
            offer, epoch=self._epoch, now=now, at_most=decision.at_most, reason=to_json(decision.reason)
        )
        if isinstance(answer, Refused):
            # The change that made it untrue is on its way in the stream and brings the next decision.
            self._follower.view.restore(decision.call, decision.operator)
            if answer.reason == "stale_router":
                self._epoch = 0  # no change will come of that: only leading again brings the next decision
            _log.debug("offer refused", call=decision.call, operator=decision.operator, reason=answer.reason)
