"""What ops may do to calls, operators and queues while they run. Every act names the person and is in the audit."""

from __future__ import annotations

from ivr.call.events import CallId
from ivr.clock import Clock
from ivr.queue.model import AuditEntry, Done, Offer, Refused
from ivr.queue.reason import Candidate, Reason, to_json
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy


class Supervision:
    """Acts of a person, `by` name; each answers Done, or Refused with the reason. May raise StoreUnavailable."""

    def __init__(self, store: QueueStore, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy

    async def move(
        self, call: CallId, *, queue: str, topic: str, language: str, by: str, skills: tuple[str, ...] = ()
    ) -> Done | Refused:
        """Put a waiting call under another queue or topic; it keeps its place."""
        return await self._store.move_call(
            call, queue=queue, topic=topic, language=language, skills=skills, now=self._clock.wall(), by=by
        )

    async def prioritise(self, call: CallId, priority: int, *, by: str) -> Done | Refused:
        """Make a waiting call more urgent, or ordinary again (0)."""
        return await self._store.prioritise(
            call, priority, urgency_seconds=self._policy.urgency_seconds, now=self._clock.wall(), by=by
        )

    async def pull(self, call: CallId, operator: str, *, by: str) -> Done | Refused:
        """Let a waiting call ring at a free operator now, whatever turn and skills say."""
        now = self._clock.wall()
        _, ring_seconds = self._policy.ring_seconds
        chosen = Candidate(operator, 1, 0.0, 0.0)
        reason = Reason("pulled", 0.0, 0, 1, 1, (chosen,), 1, 1, by=by)
        offer = Offer(f"ops.{by}.{now:.3f}", call, operator, ring_seconds)
        return await self._store.offer(offer, epoch=0, now=now, at_most=1, reason=to_json(reason), by=by)

    async def assign(self, operator: str, topic: str, *, by: str) -> Done | Refused:
        """Let an operator serve a topic as the first skill; "": own skills only, "auto": as the rule says."""
        return await self._store.assign(operator, topic, now=self._clock.wall(), by=by)

    async def close_queue(self, queue: str, *, by: str) -> Done | Refused:
        """Take no new calls; those that wait are served."""
        return await self._store.configure_queue(queue, now=self._clock.wall(), closed=True, by=by)

    async def open_queue(self, queue: str, *, by: str) -> Done | Refused:
        """Take calls again."""
        return await self._store.configure_queue(queue, now=self._clock.wall(), closed=False, by=by)

    async def limit_queue(self, queue: str, limit: int, *, by: str) -> Done | Refused:
        """Let no more than `limit` calls wait; 0: no limit."""
        return await self._store.configure_queue(queue, now=self._clock.wall(), limit=limit, by=by)

    async def audit(self, newest: int = 100) -> tuple[AuditEntry, ...]:
        """Who did what, newest first."""
        return await self._store.feed.audit(newest)
