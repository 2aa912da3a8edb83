"""The controller, put together: the only place where the live parts meet."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import structlog

from ivr.call.call_backs import CallBacks
from ivr.call.events import CallId, Event
from ivr.call.kept import KeptCall, KeptCalls
from ivr.call.parts import Around, Parts
from ivr.call.recording import Sealing
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
from ivr.errors import SetupFailed, StoreUnavailable
from ivr.hours import Spans
from ivr.journal.privacy import Keyring
from ivr.ledger import ZONE, Ledger
from ivr.line.ari import AriClient
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall, OperatorCode
from ivr.line.draining import Draining
from ivr.line.events import ContactsChanged
from ivr.line.fastagi import FastAgi
from ivr.line.headsets import Headsets
from ivr.line.outside import NOWHERE, Outside
from ivr.line.softphone import Softphones, operator_of
from ivr.line.tape import Tape
from ivr.line.visitors import Visitors
from ivr.operator.desks import RESULT_SECONDS, Desks
from ivr.operator.floor import Floor
from ivr.operator.service_codes import ServiceCodes
from ivr.prompts.media import CurrentMedia
from ivr.queue.model import Offer
from ivr.queue.notices import NoticeBoard
from ivr.queue.store import QueueStore
from ivr.request.caller import KnownCaller
from ivr.request.look_up import RequestStatus
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile
from ivr.speech.client import SpeechPool
from ivr.store import connect
from ivr.wiring import Wiring

log = structlog.get_logger()

_OPERATORS_LANGUAGE = "ru"
_NUMBERS = 1_000_000_000
_VIEW_SECONDS = 2.0  # a store that takes longer is away: calls are served without it
_NOTICES = {"technical": "notice_portal_down"}  # what callers are told while many have the same failure
_NOTICE_OF_ANY = "notice_many_calls"
_LEAVE_SECONDS = 3.0  # a store that takes longer is away: the next controller asks callers again
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
        call_back_hours: Spans = ((9 * 60, 21 * 60),),
        services: Mapping[str, HttpService] = _NOTHING,
        most_calls: int = 200,
        visitors: Sequence[str] = (),
        visitors_line: str = "",
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
        self.ledger = ledger = Ledger(self.redis, keyring, clock, wiring)
        self._clock = clock
        requests = ledger.requests
        self._request_status = RequestStatus(requests, keyring, ZONE)
        self.notices = NoticeBoard(self.redis, ledger.audit, clock)
        self.sayable = notices_of(live.now.plans, live.now.catalogue)
        self.ari = AriClient(wiring.asterisk_address, "ivr", wiring.asterisk_password, "ivr")
        self.draining = Draining(self.ari)
        self._name = wiring.machine
        names = tuple(profile.name for profile in profiles)
        self.softphones = Softphones(self.ari)
        self.headsets = Headsets(self.ari)
        self.visitors = Visitors(self.ari, clock, visitors)
        self.visitors_line = visitors_line
        self.router = Router(
            QueueStore(self.redis),
            clock,
            profiles,
            name=self._name,
            deliver=self._deliver,
            withdraw=self._withdraw,
            policy=policy,
        )
        self.floor = Floor(self.router, ledger)
        self.desks = Desks(self.floor.in_hand, self.talk, ledger, clock, policy.wrap_up_seconds)
        self.router.tell_operators(self.desks.operators_changed)
        ledger.followers += (self.desks.observe, self.visitors.observe)
        self._sealing = Sealing(Tape(self.ari), wiring.sounds, ledger.recordings, ledger.journal.key_of, ledger.record)
        self.line = Line(
            self.ari,
            "ivr",
            on_call=self._arrive,
            on_operator_code=self._service_code,
            on_contact=self._contact,
            on_recording=self._sealing.done,
            telephones=[*names, *self.softphones.accounts(names)],
            first_number=secrets.randbelow(_NUMBERS),
        )
        self.speech = SpeechPool(wiring.speech_addresses, wiring.speech_token, self._hear)

        def sound(language: str, prompt: str) -> str:
            return f"sound:{media.path(language, prompt).with_suffix('')}"

        def recognise_caller(call: CallId, number: str) -> KnownCaller:
            return KnownCaller(requests, keyring, call, number)

        call_backs = CallBacks(self.router, ledger, outside, clock, call_back_hours)
        parts = Parts(
            self.line,
            self.speech,
            self.router,
            ledger,
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

        self._kept = KeptCalls(self.redis, keyring, self._name, ledger.journal.settled)
        self.switchboard = Switchboard(
            *(plan_of, plan_named, parts, call_backs, self._kept, lambda: self.live.now.version.number, most_calls),
            draining=lambda: self.draining.on,
        )
        self._agi = FastAgi("ivr", self.switchboard)
        self._agi_address = wiring.agi_address
        self._codes = ServiceCodes(self.line, self.floor, lambda prompt: sound(_OPERATORS_LANGUAGE, prompt))
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
            stack.push_async_callback(self.redis.aclose)
            await self.ledger.start()
            stack.push_async_callback(self.ledger.close)
            stack.push_async_callback(self._kept.close)
            await stack.enter_async_context(self.ari)
            await stack.enter_async_context(self._services)
            await self.speech.start()
            stack.push_async_callback(self.speech.close)
            for duty in self.ledger.duties():
                self._keep(duty)
            self._keep(self._begin_desks())
            self._keep(self._kept.run())
            self._keep(self._sealing.run())
            self._keep(self.visitors.run())
            self._keep(self._take_calls())
            self._keep(self.live.follow(self._plans_live, self._plans_refused))
            stack.push_async_callback(self._end_tasks)
            await stack.enter_async_context(self._agi.serving(*self._agi_address))
            stack.push_async_callback(self._sealing.close)
            stack.push_async_callback(self.switchboard.close)
            yield

    def _plans_live(self, now: Live) -> None:
        self.sayable = notices_of(now.plans, now.catalogue)
        self.ledger.record("", "configuration_loaded", data={"version": str(now.version.number)})

    def _plans_refused(self, refused: Refused) -> None:
        findings = refused.findings
        first = str(findings[0]) if findings else ""
        self.ledger.record("", "configuration_refused", data={"findings": len(findings), "first": first})

    async def _begin_desks(self) -> None:
        """Operators still owe results of talks before the start."""
        self.desks.restore(await self.ledger.requests_due(RESULT_SECONDS))

    @property
    def on_the_line(self) -> int:
        """Callers, those included whose talk another controller began."""
        ours = (row for row in self.router.view.calls.values() if row.controller == self._name)
        queued = {row.call for row in ours if row.state == "talking" or not row.callback}
        return len(queued.union(session.call for session in self.switchboard.sessions))

    async def leave(self) -> None:
        """Write down how each call stands: whatever becomes of this process now, another controller goes on with them.

        From here on the calls are to be left as they are: only the end of the process does that.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._kept.close()
        await self.ledger.close()

    def talk(self, call: str) -> Talk | None:
        """The talk under way in that call."""
        return self.switchboard.talk(CallId(call))

    def now(self) -> float:
        """Unix seconds by the controller's clock."""
        return self._clock.wall()

    async def _take_calls(self) -> None:
        """Take care of the calls of a controller that died before us, and take new ones from then on."""
        recovery = Recovery(
            self.ari,
            self.line,
            self.router,
            self.ledger,
            self.switchboard,
            self._kept,
            self._clock,
            plan_of=self._plan_of,
            resume=self.ledger.resume,
            name=self._name,
        )
        await recovery.look()
        visits = [(kept.call, kept.incoming) for kept in recovery.kept]
        await self.visitors.take_over(visits, self.ledger.reader.read)
        await self.softphones.restore()
        await self.draining.restore()
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
            await self.ledger.journal.resume(call)
        await self.ledger.close_unfinished(recovery.alive.union(promised, await self._kept.elsewhere()))
        await self._sealing.sweep(recovery.alive)

    async def _plan_of(self, kept: KeptCall) -> Plan | None:
        plans = await self.live.of_version(kept.version)
        return plans.by_name.get(kept.state.first_plan)

    def _around(self) -> Around:
        detected = (_NOTICES.get(incident.topic, _NOTICE_OF_ANY) for incident in self.ledger.incidents.open)
        wanted = dict.fromkeys([*(notice.prompt for notice in self.notices.on), *detected])
        return Around(self.router.waiting(), tuple(prompt for prompt in wanted if prompt in self.sayable))

    async def _look_up(self, service: str, arguments: Mapping[str, str], caller: str) -> Mapping[str, Any]:
        if service in self._services:
            return await self._services.look_up(service, arguments)
        if service != "request_status":
            raise SetupFailed(f'there is no service "{service}"', hint="see docs/dialplans.md for those there are")
        return await self._request_status.look_up(arguments, caller)

    def _arrive(self, incoming: IncomingCall) -> None:
        if not incoming.account:
            self.switchboard.arrive(incoming)
            return
        visit = self.visitors.arrived(incoming.account, incoming.channel)
        if visit is None:
            self._keep(self.line.hang_up(incoming.channel))
            return
        chosen = {"topic": visit.topic, "language": visit.language, "code": visit.code}
        known = replace(incoming, dialled=self.visitors_line, token=visit.token, ticket=visit.ticket, **chosen)
        visit.call = self.switchboard.arrive(known) or ""
        if not visit.call:
            self.visitors.call_over(visit)

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
        if change.reachable and in_browser:
            self.softphones.use_browser(operator)
        if change.reachable or in_browser != self.softphones.chosen(operator):
            return  # the other telephone of the two is not the one that rings
        self._keep(self.floor.gone(operator, "telephone_unreachable"))
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
