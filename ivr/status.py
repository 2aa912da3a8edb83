"""The hotline at this moment, gathered from the controller's parts for the status page and `ivr status`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import phonenumbers
from redis.exceptions import RedisError

from ivr.app import Controller
from ivr.dialplan.model import Plan
from ivr.dialplan.numbers import normalised_line
from ivr.dialplan.steps.queue import QueueStep
from ivr.operator.accounts import Account
from ivr.routing.snapshot import Crowd, Snapshot
from ivr.stats.today import Counts, Today
from ivr.web.status import (
    CallStatus,
    IncidentStatus,
    LineStatus,
    OperatorStatus,
    PartStatus,
    QueueStatus,
    RequestsStatus,
    Status,
    TodayStatus,
    TopicStatus,
    WaitingStatus,
)

_PING_SECONDS = 1.0


class StatusReport:
    """Takes snapshots; a snapshot costs one ping of the store and no more."""

    def __init__(self, controller: Controller, accounts: Sequence[Account], model: str) -> None:
        self._controller = controller
        self._accounts: Mapping[str, Account] = {account.name: account for account in accounts}
        self._model = model

    async def take(self) -> Status:
        controller = self._controller
        queue = controller.router.snapshot()
        sessions = list(controller.switchboard.sessions)
        calls_by_line = Counter(normalised_line(session.line_number) for session in sessions)
        today = controller.ledger.today
        today.turn(queue.at)
        late = today.late(queue.at)
        return Status(
            at=queue.at,
            lines=tuple(
                line_status(line, plan, calls_by_line[line], queue.at)
                for plan in controller.plans
                for line in plan.lines
            ),
            calls=tuple(
                CallStatus(
                    session.call,
                    session.line_number,
                    session.topic,
                    session.step,
                    session.step_since_wall,
                    session.arrived_wall,
                    session.operator,
                )
                for session in sessions
            ),
            waiting=tuple(
                WaitingStatus(call.call, call.position, call.topic, call.since, call.priority, call.queue)
                for call in queue.waiting
            ),
            operators=tuple(
                OperatorStatus(
                    now.operator,
                    self._accounts[now.operator].full_name if now.operator in self._accounts else now.operator,
                    now.state,
                    now.since,
                    now.call,
                    tuple(self._accounts[now.operator].skills) if now.operator in self._accounts else (),
                    now.reason,
                    now.assigned,
                    now.assigned_by,
                )
                for now in queue.operators
            ),
            store=await self._store(),
            asterisk=PartStatus(controller.line.connected, "" if controller.line.connected else "нет связи"),
            speech=PartStatus(controller.speech.connected > 0, f"{self._model}, свободно {controller.speech.free}"),
            today=TodayStatus(
                today.offered,
                today.answered,
                today.within_30_of_queue,
                today.within_30_of_ring,
                today.abandoned,
                today.speed_of_answer_seconds,
                late.total(),
            ),
            incidents=tuple(
                IncidentStatus(incident.topic, incident.opened, incident.calls, incident.usual, incident.phrase)
                for incident in controller.ledger.incidents.open
            ),
            topics=tuple(_topics(queue, today, late)),
            queues=tuple(self._queues(queue)),
            waiting_count=queue.waiting_count,
            on_the_line=controller.on_the_line,
            draining=controller.draining.on,
            requests=RequestsStatus(controller.ledger.clerk.standing.open, controller.ledger.clerk.standing.late),
        )

    def _queues(self, queue: Snapshot) -> Iterator[QueueStatus]:
        known = self._controller.router.view.queues
        for name in sorted({*planned_queues(self._controller.plans), *known, *queue.by_queue}):
            crowd, row = queue.by_queue.get(name, Crowd()), known.get(name)
            yield QueueStatus(name, crowd.waiting, crowd.oldest, row.limit if row else 0, row.closed if row else False)

    async def _store(self) -> PartStatus:
        health = self._controller.ledger.journal.health()
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self._controller.redis.ping()
        except (RedisError, OSError, TimeoutError):
            return PartStatus(False, f"нет связи, записей ждёт: {health.waiting + health.spooled}")
        return PartStatus(health.online, "" if health.online else f"записей ждёт: {health.waiting + health.spooled}")


def line_status(line: str, plan: Plan, calls: int, now: float) -> LineStatus:
    """A line by its plan's hours; `now` is Unix seconds."""
    moment = datetime.fromtimestamp(now, UTC)
    change = plan.open_hours.next_change(moment)
    return LineStatus(
        _as_dialled(line),
        plan.title or plan.name,
        open=plan.open_hours.open_at(moment),
        until=change.timestamp() if change else None,
        calls=calls,
    )


def _topics(queue: Snapshot, today: Today, late: Mapping[str, int]) -> Iterator[TopicStatus]:
    """Topics with calls now or today, the most crowded first."""
    for topic in sorted(
        {*queue.by_topic, *today.by_topic},
        key=lambda topic: (-queue.by_topic.get(topic, Crowd()).waiting, -today.by_topic.get(topic, Counts()).offered),
    ):
        crowd, counts = queue.by_topic.get(topic, Crowd()), today.by_topic.get(topic, Counts())
        yield TopicStatus(
            *(topic, crowd.waiting, crowd.oldest),
            *(counts.offered, counts.answered, counts.in_target, counts.abandoned, late.get(topic, 0)),
        )


def planned_queues(plans: Iterable[Plan]) -> set[str]:
    """The queues that calls can come into."""
    steps = (step for plan in plans for section in plan.sections.values() for step in section)
    return {step.queue for step in steps if isinstance(step, QueueStep)}


def _as_dialled(line: str) -> str:
    """`78005553535` as callers know it: 8 (800) 555-35-35."""
    return phonenumbers.format_number(phonenumbers.parse(f"+{line}"), phonenumbers.PhoneNumberFormat.NATIONAL)
