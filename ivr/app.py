"""The controller, put together: the only place where the live parts meet."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from redis.exceptions import RedisError

from ivr.call.call_backs import CallBacks
from ivr.call.events import CallId, Event
from ivr.call.kept import KeptCall, KeptCalls
from ivr.call.parts import Around, Parts
from ivr.call.recovery import Recovery
from ivr.call.switchboard import Switchboard
from ivr.call.talk import Talk
from ivr.clock import SystemClock
from ivr.dialplan.ask_http import HttpServices
from ivr.dialplan.live import LivePlans
from ivr.dialplan.model import Plan, Plans
from ivr.dialplan.notices import notices_of
from ivr.dialplan.publish import Live, Refused
from ivr.dialplan.services import HttpService
from ivr.errors import IvrError, SetupFailed, StoreUnavailable
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.fold import CallState, fold
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Value
from ivr.journal.retention import nights, purge
from ivr.journal.stream import Journal
from ivr.line.ari import AriClient
from ivr.line.asterisk import IncomingCall, Line, OperatorCode
from ivr.line.events import ContactsChanged
from ivr.line.fastagi import FastAgi
from ivr.line.outside import NOWHERE, Outside
from ivr.line.softphone import Softphones, operator_of
from ivr.operator.desks import RESULT_SECONDS, Desks
from ivr.operator.service_codes import ServiceCodes
from ivr.prompts.media import CurrentMedia
from ivr.queue.model import Offer
from ivr.queue.notices import NoticeBoard
from ivr.queue.store import QueueStore
from ivr.request.caller import KnownCaller
from ivr.request.clerk import Clerk
from ivr.request.look_up import RequestStatus
from ivr.request.store import RequestStore
from ivr.routing.hours import parse_hours
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile
from ivr.speech.client import SpeechPool
from ivr.stats.incident import Usual
from ivr.stats.meters import Meters
from ivr.stats.today import Today
from ivr.stats.watch import LEARNING_SECONDS, IncidentWatch
from ivr.store import connect
from ivr.wiring import Wiring

log = structlog.get_logger()

_OPERATORS_LANGUAGE = "ru"
_NAME = "controller"
_NUMBERS = 1_000_000_000
_COUNT_AGAIN_SECONDS = 1.0
_VIEW_SECONDS = 2.0  # a store that takes longer is away: calls are served without it
_ZONE = ZoneInfo("Europe/Moscow")
_OFFICE_HOURS = parse_hours("Europe/Moscow", {"mon-fri": "09:00-18:00"}, "RU")
_NOTICES = {"technical": "notice_portal_down"}  # what callers are told while many have the same failure
_NOTICE_OF_ANY = "notice_many_calls"
_LONGEST_OUTAGE_SECONDS = 7200.0
_MOST_UNFINISHED = 5000
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Controller:
    """All live parts of one controller. `running` builds and starts them, and ends them in the reverse order."""

    def __init__(
        self,
        wiring: Wiring,
        live: LivePlans,
        media: CurrentMedia,
        profiles: Sequence[Profile],
        policy: Policy,
        outside: Outside = NOWHERE,
        call_back_hours: str = "09:00-21:00",
        services: Mapping[str, HttpService] = _NOTHING,
        most_calls: int = 200,
    ) -> None:
        clock = SystemClock()
        self.live = live
        self.redis = connect(
            wiring.store_url,
            wiring.store_password,
            socket_connect_timeout=2.0,
            # The client's own limit loses cancellations on Python 3.11 (it waits by asyncio.wait_for): each wait of
            # the queue and the journal has a limit of its own instead.
            socket_timeout=None,
            socket_keepalive=True,
        )
        self.keyring = keyring = Keyring.load(wiring.keys)
        self.journal = Journal(self.redis, clock, keyring, wiring.spool)
        self.reader = JournalReader(self.redis, keyring)
        self._retention = wiring.retention
        self._archive = Archive(self.redis, wiring.archive, _ZONE)
        self.audit = AuditLog(self.redis, keyring, clock)
        self.today = Today(_ZONE, clock.wall())
        self._clock = clock
        self.requests = requests = RequestStore(self.redis)
        self._request_status = RequestStatus(requests, keyring, _ZONE)
        self.clerk = Clerk(requests, keyring, clock, _OFFICE_HOURS, _ZONE, self._record_request)
        self.notices = NoticeBoard(self.redis, self.audit, clock)
        self.sayable = notices_of(live.now.plans, live.now.catalogue)
        self.incidents = IncidentWatch(Usual(), clock, _ZONE, lambda kind, data: self.record("", kind, data=data))
        self.meters = Meters()
        self.started_at = clock.wall()
        self._uncounted: list[tuple[str, str, Mapping[str, Value], float]] | None = []
        self.on_change: Callable[[], None] = lambda: None
        self.ari = AriClient(wiring.asterisk_address, "ivr", wiring.asterisk_password, "ivr")
        names = tuple(profile.name for profile in profiles)
        self.softphones = Softphones(self.ari)
        self.desks = Desks(self, clock, policy.wrap_up_seconds)
        self.line = Line(
            self.ari,
            "ivr",
            on_call=self._arrive,
            on_operator_code=self._service_code,
            on_contact=self._contact,
            telephones=[*names, *self.softphones.accounts(names)],
            first_number=secrets.randbelow(_NUMBERS),
        )
        self.speech = SpeechPool(wiring.speech_addresses, wiring.speech_token, self._hear)
        self.router = Router(
            QueueStore(self.redis),
            clock,
            profiles,
            name=_NAME,
            deliver=self._deliver,
            withdraw=self._withdraw,
            policy=policy,
        )
        self.router.on_operators = self.desks.operators_changed

        def sound(language: str, prompt: str) -> str:
            return f"sound:{media.path(language, prompt).with_suffix('')}"

        def recognise_caller(call: CallId, number: str) -> KnownCaller:
            return KnownCaller(requests, keyring, call, number)

        call_backs = CallBacks(self.router, self, outside, clock, call_back_hours)
        parts = Parts(
            self.line,
            self.speech,
            self.router,
            self,
            clock,
            sound,
            telephone=self.softphones.telephone,
            recognise_caller=recognise_caller,
            around=self._around,
            look_up=self._look_up,
            rings_back=call_backs.possible,
            promise=call_backs.promise,
            outside=outside.endpoint,
        )

        def plan_of(dialled: str) -> Plan | None:
            return self.plans.for_line(dialled)

        def plan_named(name: str) -> Plan | None:
            return self.plans.by_name.get(name)

        self._kept = KeptCalls(self.redis, keyring, _NAME, self.journal.settled)
        self.switchboard = Switchboard(
            plan_of, plan_named, parts, call_backs, self._kept, lambda: self.live.now.version.number, most_calls
        )
        self._agi = FastAgi("ivr", self.switchboard)
        self._agi_address = wiring.agi_address
        self._codes = ServiceCodes(self.line, self, lambda prompt: sound(_OPERATORS_LANGUAGE, prompt))
        self._services = HttpServices(services)
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def plans(self) -> Plans:
        """The plans that new calls get."""
        return self.live.now.plans

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve callers while the block runs; afterwards no call, task or connection is left."""
        async with AsyncExitStack() as stack:
            self.started_at = self._clock.wall()
            stack.push_async_callback(self.redis.aclose)
            await self.journal.start()
            stack.push_async_callback(self.journal.close)
            stack.push_async_callback(self._kept.close)
            await stack.enter_async_context(self.ari)
            await stack.enter_async_context(self._services)
            await self.speech.start()
            stack.push_async_callback(self.speech.close)
            self._keep(self._count_day())
            self._keep(self._begin_desks())
            self._keep(self._kept.run())
            self._keep(self._take_calls())
            self._keep(self.clerk.run())
            self._keep(self._make_up_requests())
            self._keep(self._watch_for_incidents())
            self._keep(self._keep_house())
            self._keep(self.live.follow(self._plans_live, self._plans_refused))
            stack.push_async_callback(self._end_tasks)
            await stack.enter_async_context(self._agi.serving(*self._agi_address))
            stack.push_async_callback(self.switchboard.close)
            yield

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Value] = _NOTHING,
        personal: Mapping[str, str] = _NOTHING,
    ) -> None:
        """Write one step down, count it, and let the pages know; never blocks."""
        self.journal.record(call, kind, path, data, personal)
        taken = call, kind, data, self._clock.wall()
        if self._uncounted is None:
            self.today.take(*taken)
        else:
            self._uncounted.append(taken)
        self.meters.take(*taken)
        self.clerk.observe(call, kind, data, personal)
        self.incidents.observe(kind, data, personal)
        self.desks.observe(call, kind, data)
        self.on_change()

    def seal(self, call: str, personal: Mapping[str, str], context: str) -> str:
        """Seal what is kept beside the journal under the call's own key."""
        return self.journal.seal(call, personal, context)

    async def unseal(self, call: str, sealed: str, context: str) -> Mapping[str, str]:
        """What `seal` sealed."""
        return await self.journal.unseal(call, sealed, context)

    def _record_request(self, call: str, kind: str, data: Mapping[str, Value]) -> None:
        self.record(call, kind, data=data)

    def _plans_live(self, now: Live) -> None:
        self.sayable = notices_of(now.plans, now.catalogue)
        self.record("", "configuration_loaded", data={"version": str(now.version.number)})

    def _plans_refused(self, refused: Refused) -> None:
        findings = refused.findings
        first = str(findings[0]) if findings else ""
        self.record("", "configuration_refused", data={"findings": len(findings), "first": first})

    async def _make_up_requests(self) -> None:
        """Steps of calls that an earlier controller wrote down and then died before their requests had them."""
        await self.journal.caught_up()
        await self.clerk.catch_up(JournalReader(self.redis, self.keyring, reveal=True))

    async def _count_day(self) -> None:
        """Count what the journal already has of today; what comes meanwhile is counted after it, in order."""
        while True:
            counted = Today(_ZONE, self._clock.wall())
            try:
                async for record in self.reader.since(counted.midnight):
                    if record.wall_seconds < self.started_at:
                        counted.take(record.call, record.kind, record.data, record.wall_seconds)
            except (RedisError, OSError):
                await asyncio.sleep(_COUNT_AGAIN_SECONDS)
            else:
                self.today = counted
                break
        uncounted, self._uncounted = self._uncounted, None
        for taken in uncounted or ():
            self.today.take(*taken)

    async def _begin_desks(self) -> None:
        """Operators still owe results of talks before the start."""
        while True:
            try:
                due = await self.requests.due(self._clock.wall() + RESULT_SECONDS, limit=_MOST_UNFINISHED)
                self.desks.restore([await self.requests.get(number) for number in due])
                return
            except (RedisError, OSError):
                await asyncio.sleep(_COUNT_AGAIN_SECONDS)

    async def _watch_for_incidents(self) -> None:
        """Learn what is usual and what is under way from the days that the store still has, then keep looking."""
        await self.journal.caught_up()
        known = JournalReader(self.redis, None).since(self.today.midnight - LEARNING_SECONDS)
        await self.incidents.resume(known, self.today.midnight)
        await self.incidents.run()

    async def _keep_house(self) -> None:
        """Every night: closed days to files, what is older than it may be deleted, what is usual learnt anew."""
        async for _ in nights(self._clock, _ZONE):
            now = self._clock.wall()
            try:
                done = await purge(self.redis, self._archive, self.audit, self.requests, self._retention, now, _ZONE)
                log.info("purged", **asdict(done))
                self.today.turn(now)
                known = self._archive.since(JournalReader(self.redis, None), self.today.midnight - LEARNING_SECONDS)
                await self.incidents.learn(known, self.today.midnight)
            except (RedisError, OSError, IvrError) as error:
                log.warning("purge_failed", reason=f"{type(error).__name__}: {error}")

    def talk(self, call: str) -> Talk | None:
        """The talk under way in that call."""
        return self.switchboard.talk(CallId(call))

    def in_hand(self, operator: str) -> str:
        """The operator's call, or ""."""
        row = self.router.view.operators.get(operator)
        return row.call if row else ""

    async def operator_ready(self, name: str) -> None:
        await self.router.operator_ready(name)
        self.record("", "operator_ready", data={"operator": name})

    async def operator_paused(self, name: str, reason: str) -> None:
        await self.router.operator_paused(name, reason)
        self.record("", "operator_paused", data={"operator": name, "reason": reason})

    async def operator_gone(self, name: str, reason: str) -> None:
        await self.router.operator_gone(name)
        self.record("", "operator_gone", data={"operator": name, "reason": reason})

    def now(self) -> float:
        """Unix seconds by the controller's clock."""
        return self._clock.wall()

    async def _take_calls(self) -> None:
        """Take care of the calls of a controller that died before us, and take new ones from then on."""
        recovery = Recovery(
            self.ari,
            self.line,
            self.router,
            self,
            self.switchboard,
            self._kept,
            self._clock,
            plan_of=self._plan_of,
            resume=self._resume,
            name=_NAME,
        )
        await recovery.look()
        self._keep(self.router.run())
        self._keep(self.line.run())
        await self.line.online.wait()
        try:
            async with asyncio.timeout(_VIEW_SECONDS):
                await self.router.started()
                await self.notices.load()
                await self.router.rebuild(alive=recovery.alive)
        except (StoreUnavailable, TimeoutError):
            log.warning("store_away_at_start")
        self._keep(self.notices.run())
        await recovery.take_over(self._keep)
        promised = self.router.promised()
        for call in promised:
            await self.journal.resume(call)
        await self._close_unfinished(recovery.alive.union(promised))

    async def _plan_of(self, kept: KeptCall) -> Plan | None:
        plans = await self.live.of_version(kept.version)
        return plans.by_name.get(kept.state.first_plan)

    async def _resume(self, call: CallId) -> CallState:
        await self.journal.resume(call)
        return fold(await self.reader.read(call))

    async def _close_unfinished(self, going_on: frozenset[CallId]) -> None:
        """Journals of calls that ended with their controller get their last record."""
        now = self._clock.wall()
        for name in await self.reader.calls(since_seconds=now - _LONGEST_OUTAGE_SECONDS, limit=_MOST_UNFINISHED):
            call = CallId(name)
            records = await self.reader.read(call)
            began_before_us = records and records[0].wall_seconds < self.started_at
            if began_before_us and call not in going_on and not any(record.kind == "ended" for record in records):
                await self.journal.resume(call)
                self.record(call, "ended", data={"outcome": "failed", "reason": "controller_died"})

    def _around(self) -> Around:
        detected = (_NOTICES.get(incident.topic, _NOTICE_OF_ANY) for incident in self.incidents.open)
        wanted = dict.fromkeys([*(notice.prompt for notice in self.notices.on), *detected])
        return Around(self.router.waiting(), tuple(prompt for prompt in wanted if prompt in self.sayable))

    async def _look_up(self, service: str, arguments: Mapping[str, str], caller: str) -> Mapping[str, Any]:
        if service in self._services:
            return await self._services.look_up(service, arguments)
        if service != "request_status":
            raise SetupFailed(f'there is no service "{service}"', hint="see docs/dialplans.md for those there are")
        return await self._request_status.look_up(arguments, caller)

    def _arrive(self, incoming: IncomingCall) -> None:
        self.switchboard.arrive(incoming)

    def _hear(self, call: CallId, event: Event) -> None:
        self.switchboard.receive(call, event)

    def _withdraw(self, offer: Offer) -> None:
        self.switchboard.withdraw(offer.call, offer)

    def _deliver(self, offer: Offer) -> None:
        if offer.callback:
            self.switchboard.call_back(offer)
        elif not self.switchboard.offer(offer.call, offer):
            self._keep(self.router.leave(offer.call, "call_ended"))

    def _service_code(self, dialled: OperatorCode) -> None:
        operator, in_browser = operator_of(dialled.endpoint)
        if not in_browser:
            self.softphones.use_telephone(operator)  # whoever dials from it wants it to ring
        self._keep(self._codes.serve(replace(dialled, endpoint=operator)))

    def _contact(self, change: ContactsChanged) -> None:
        operator, in_browser = operator_of(change.endpoint)
        if change.reachable or in_browser != self.softphones.chosen(operator):
            return  # the other telephone of the two is not the one that rings
        self._keep(self.operator_gone(operator, "telephone_unreachable"))
        self.desks.lost(operator)

    def _keep(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background_task_failed", kind=type(error).__name__, what=getattr(error, "what", ""))

    async def _end_tasks(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
