"""Keeps requests in step with calls: reads the journal's records as they are made, writes its own.

A call never waits for this: records are queued, a task carries them out one after another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import structlog
from redis.exceptions import RedisError

from ivr.clock import Clock
from ivr.errors import IvrError
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.request import model, number
from ivr.request.model import Class, Request, Status, StatusImpossible, WorkingHours
from ivr.request.store import RequestStore, Standing

_URGENT_PRIORITY = 1  # of the call, from its topic
_SWEEP_SECONDS = 5.0
_AWAY_SECONDS = 1.0
_KINDS = frozenset({"arrived", "promised", "topic", "connected", "talk_ended", "ended", "result", "rated"})
_LINKED_SECONDS = 30 * 86_400.0

RecordStep = Callable[[str, str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class _Step:
    call: str
    kind: str
    data: Mapping[str, Any]
    caller: str
    at: float


class Clerk:
    """`record(call, kind, data)` writes to the journal; `zone` and `hours` are those of whoever works on requests."""

    def __init__(
        self, store: RequestStore, keyring: Keyring, clock: Clock, hours: WorkingHours, zone: tzinfo, record: RecordStep
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._hours = hours
        self._zone = zone
        self._record = record
        self._steps: asyncio.Queue[_Step] = asyncio.Queue()
        self._doing: _Step | None = None
        self._began = clock.wall()
        self.standing = Standing()
        """As of the last look, some seconds ago."""
        self._log = structlog.get_logger("requests")

    def observe(self, call: str, kind: str, data: Mapping[str, Any], personal: Mapping[str, str]) -> None:
        """A call has made a step. Never blocks."""
        if call and kind in _KINDS:
            self._steps.put_nowait(_Step(call, kind, data, _caller(personal), self._clock.wall()))

    async def run(self) -> None:
        """Carry out what calls bring, and notice deadlines, until cancelled. Steps wait while the store is away."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry_out_all())
            group.create_task(self._keep_time())

    async def catch_up(self, reader: JournalReader) -> None:
        """Take the steps that an earlier controller did not come to from the journal, which this `reader` reveals."""
        begin = await self._store.done_until()
        if not begin:
            return
        async for record in reader.since(begin):
            if record.call and record.kind in _KINDS and record.wall_seconds < self._began:
                caller = _caller(record.personal)
                self._steps.put_nowait(_Step(record.call, record.kind, record.data, caller, record.wall_seconds))

    async def _carry_out_all(self) -> None:
        while True:
            self._doing = await self._steps.get()
            while self._doing is not None:
                await self._try(self._doing)

    async def _try(self, step: _Step) -> None:
        try:
            await self.carry_out(step)
        except (RedisError, OSError) as error:
            self._log.warning("requests wait for the store", reason=type(error).__name__)
            await asyncio.sleep(_AWAY_SECONDS)
            return
        except IvrError as error:
            self._log.error("a call's step did not reach its request", reason=error.what)
        self._doing = None

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self.sweep()
                self.standing = await self._store.standing()
                await self._store.set_done_until(self._done_until())
            except (RedisError, OSError, IvrError) as error:
                self._log.warning("deadlines cannot be looked at", reason=type(error).__name__)

    def _done_until(self) -> float:
        """A little too early does no harm: a step may be taken twice."""
        oldest = self._doing.at if self._doing else self._clock.wall()
        return oldest - _SWEEP_SECONDS

    async def carry_out(self, step: _Step) -> None:
        """Do what one step asks for; safe to repeat."""
        request = await self._store.of_call(step.call)
        if request is None:
            if step.kind == "arrived":
                await self._open(step)
            elif step.kind == "promised" and (earlier := await self._store.of_call(str(step.data.get("of", "")))):
                await self._store.also_of(step.call, earlier.number)
            return
        before = request
        after = await self._store.change(request.number, lambda current: self._changed(current, step))
        if after.operator != before.operator:
            self._record(step.call, "request_assigned", {"request": after.number, "operator": after.operator})
        self._tell_status(step.call, before.status, after)

    async def set_status(self, wanted: str, status: Status, operator: str = "") -> Request:
        """Somebody moves the request on; StatusImpossible when that does not follow."""
        now = self._local(self._clock.wall())

        def moved(current: Request) -> Request:
            if current.status == "done" and status == "in_progress":
                return model.reopened(current, now, self._hours)
            return model.with_status(current, status)

        before = await self._store.get(wanted)
        after = await self._store.change(wanted, moved)
        self._tell_status(after.call, before.status, after, operator)
        return after

    async def assign(self, wanted: str, operator: str) -> Request:
        """Somebody makes that operator responsible; StatusImpossible when it is done."""
        before = await self._store.get(wanted)
        if before.status == "done":
            raise StatusImpossible(f"request {wanted} is done", hint="put it back in progress first")
        after = await self._store.change(wanted, lambda current: model.assigned(current, operator))
        if after.operator != before.operator:
            self._record(after.call, "request_assigned", {"request": wanted, "operator": operator})
        self._tell_status(after.call, before.status, after)
        return after

    async def sweep(self) -> None:
        """Mark what is overdue: priority up, and the journal tells the supervisor."""
        now = self._clock.wall()
        for due in await self._store.due(now):
            passed: tuple[model.Deadline, ...] = ()

            def late(current: Request) -> Request:
                nonlocal passed
                changed, passed = model.overdue(current, now)
                return changed

            before = await self._store.get(due)
            after = await self._store.change(due, late)
            for deadline in passed:
                facts = {
                    "request": due,
                    "deadline": deadline,
                    "late_seconds": round(now - before.deadlines[deadline], 1),
                }
                self._record(after.call, "request_overdue", {**facts, "priority": after.priority})

    async def _open(self, step: _Step) -> None:
        person = self._keyring.person(step.caller) if any(each.isdigit() for each in step.caller) else ""
        earlier = await self._store.of_person(person, limit=1) if person else []
        linked = earlier[0].number if earlier and step.at - earlier[0].opened <= _LINKED_SECONDS else ""
        request = model.opened(
            number.number(await self._store.next_count()),
            step.call,
            self._local(step.at),
            self._hours,
            line=str(step.data.get("line", "")),
            person=person,
            earlier=linked,
        )
        await self._store.add(request)
        facts = {
            "request": request.number,
            "class": request.request_class,
            "due": request.answer_due,
            "earlier": linked,
        }
        self._record(step.call, "request_opened", facts)

    def _changed(self, request: Request, step: _Step) -> Request:
        match step.kind:
            case "topic":
                urgent = int(step.data.get("priority") or 0) >= _URGENT_PRIORITY
                kind: Class = "urgent" if urgent else "ordinary"
                topic = str(step.data.get("topic", "none"))
                return model.classified(request, kind, topic, self._local(request.opened), self._hours)
            case "connected":
                return model.assigned(request, str(step.data.get("operator", "")))
            case "talk_ended":
                return model.talk_over(request, step.at)
            case "result":
                changed = model.with_result(request, resolved=bool(step.data.get("resolved")))
                if step.data.get("category") != "escalation" or changed.status == "done":
                    return changed
                return model.escalated(changed, self._local(request.opened), self._hours)
            case "rated":
                return model.rated(request, int(step.data.get("score") or 0))
            case "ended" if (
                not request.operator and request.status != "done" and step.data.get("outcome") != "callback"
            ):
                # Nobody has talked to the caller: the plan told what there was to tell, or the caller left.
                return model.with_status(request, "done")
            case _:
                return request

    def _tell_status(self, call: str, was: Status, after: Request, operator: str = "") -> None:
        if after.status != was:
            facts = {
                "request": after.number,
                "status": after.status,
                "was": was,
                "operator": operator or after.operator,
            }
            self._record(call, "request_status", facts)

    def _local(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, self._zone)


def _caller(personal: Mapping[str, str]) -> str:
    """What tells callers apart: the number, or the code of who called from a browser."""
    return personal.get("caller") or personal.get("code", "")
