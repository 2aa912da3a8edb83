"""Test callers and operators: real SIP from an Asterisk of their own, any number of them at once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
import shutil
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path

import structlog

from ivr.agent.account import Account
from ivr.agent.caller import Caller
from ivr.agent.leg import APPLICATION, Leg
from ivr.agent.operator import Operator
from ivr.agent.recordings import Recordings
from ivr.agent.registrations import Registrations
from ivr.agent.script import CallScript, OperatorScript
from ivr.agent.sounds import Sounds, Voice
from ivr.agent.steps import CallReport, OnStep
from ivr.agent.stories import Stories
from ivr.agent.switch import Switch
from ivr.clock import Clock, SystemClock
from ivr.errors import CallFailed
from ivr.journal.record import Record
from ivr.line.ari import AriClient, Frame, wait_for_ari
from ivr.provision import ports, render
from ivr.provision.asterisk import Asterisk
from ivr.provision.encryption import Encryption
from ivr.supervise import Program, Supervisor

log = structlog.get_logger()

_BOOT_SECONDS = 15.0
_CANCELLATIONS = 3
_END_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent lives: the Asterisk to run, the checkout's `asterisk/` templates, a folder of the agent's own that
    is removed at the end, a folder that keeps what was synthesised, and one for recordings (None: nothing is recorded).
    """

    asterisk: Asterisk
    templates: Path
    folder: Path
    speech: Path
    recordings: Path | None = None


class Agent:
    """Callers and operators of one hotline; made by `running_agent`.

    `hotline_gone` is set when the hotline's journal, if it is followed, breaks off.
    """

    def __init__(
        self,
        ari: AriClient,
        registrations: Registrations,
        hotline: str,
        sounds: Sounds,
        recordings: Recordings | None,
        stories: Stories | None,
        clock: Clock,
        *,
        secure: bool = False,
    ) -> None:
        self._ari = ari
        self._registrations = registrations
        self._hotline = hotline
        self._secure = secure
        self._sounds = sounds
        self._recordings = recordings
        self._stories = stories
        self._clock = clock
        self._operators: dict[str, Operator] = {}
        self._serving: dict[str, set[asyncio.Task[None]]] = {}
        self._refusing: set[asyncio.Task[None]] = set()
        self._token = secrets.token_hex(3)  # recordings are named after channels, and those of all agents are kept
        self._numbers = itertools.count(1)
        self.switch = Switch(self._arrived)
        self.hotline_gone = stories.broken_off if stories is not None else asyncio.Event()

    async def call(
        self,
        number: str,
        script: CallScript,
        *,
        caller: str = "+79990000001",
        on_step: OnStep = lambda _: None,
    ) -> CallReport:
        """Call the hotline's line `number` (digits) with this caller's number; returns when the call is over.

        What goes wrong in the call is in the report (`outcome` "failed"). Raises `CallFailed` when something of the
        script cannot be spoken or played, `AsteriskUnavailable` when the agent's own Asterisk is gone.
        """
        test_caller = Caller(
            self._leg("caller"), self._sounds, self._recordings, script, self._stories, self._clock, on_step
        )
        return await test_caller.call(f"PJSIP/{number}@hotline", caller)

    @contextlib.asynccontextmanager
    async def operator(
        self,
        name: str,
        password: str,
        script: OperatorScript | None = None,
        *,
        on_step: OnStep = lambda _: None,
    ) -> AsyncIterator[Operator]:
        """An operator who is signed in and takes calls until the body ends; `CallFailed` when the hotline refuses."""
        if name in self._operators:
            raise CallFailed(f"{name} is signed in here already")
        account = Account(self._ari, self._registrations, name, password, self._hotline, secure=self._secure)
        operator = Operator(account, self._sounds, self._recordings, script or OperatorScript(), self._clock, on_step)
        self._operators[name] = operator
        self._serving[name] = set()
        try:
            await operator.sign_in(self._leg(name))
            try:
                yield operator
            finally:
                if not self.hotline_gone.is_set():
                    await operator.pause(self._leg(name))
        finally:
            serving = self._serving.pop(name)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            await operator.unregister(tell_hotline=not self.hotline_gone.is_set())
            del self._operators[name]

    @contextlib.asynccontextmanager
    async def telephone(
        self, number: str, script: OperatorScript | None = None, *, on_step: OnStep = lambda _: None
    ) -> AsyncIterator[Operator]:
        """A telephone somewhere outside, with this number, that the hotline may ring until the body ends."""
        nowhere = Account(self._ari, self._registrations, number, "", self._hotline)
        person = Operator(nowhere, self._sounds, self._recordings, script or OperatorScript(), self._clock, on_step)
        self._operators[number] = person
        self._serving[number] = set()
        try:
            yield person
        finally:
            serving = self._serving.pop(number)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            del self._operators[number]

    def _leg(self, purpose: str) -> Leg:
        return Leg(self._ari, self.switch, f"{purpose}-{self._token}-{next(self._numbers)}")

    def _arrived(self, frame: Frame) -> None:
        leg = Leg(self._ari, self.switch, str(frame["channel"]["id"]))
        name = str(frame["args"][-1]) if frame["args"] else ""
        if name in self._serving:
            caller = str(frame["channel"]["caller"]["number"])
            serving, work = self._serving[name], self._operators[name].serve(leg, caller)
        else:
            serving, work = self._refusing, _refuse(leg)
        task = asyncio.get_running_loop().create_task(work)
        serving.add(task)
        task.add_done_callback(serving.discard)


async def _refuse(leg: Leg) -> None:
    await leg.hang_up("congestion")


@contextlib.asynccontextmanager
async def running_agent(
    place: Place,
    hotline_sip_port: int,
    *,
    voice: Voice | None = None,
    journal: AsyncIterator[Record] | None = None,
    clock: Clock | None = None,
    encryption: Encryption | None = None,
    sip_port: int | None = None,
) -> AsyncIterator[Agent]:
    """An agent with its own Asterisk until the body ends; 0.4 s to start.

    `sip_port`: where the hotline's calls to outside numbers come to; without it, at any free one.

    `voice` speaks for callers and operators; `journal`: the hotline's records as they come, by which callers know when
    to speak and reports tell what the hotline did; `encryption`: the hotline's own.
    """
    chosen = ports.choose(random.SystemRandom())
    password = secrets.token_urlsafe(16)
    address = f"http://{ports.ADDRESS}:{chosen.asterisk}"
    settings = render.UserAgent(
        sip_port=sip_port or chosen.sip,
        http_port=chosen.asterisk,
        ami_port=chosen.agi,
        rtp_start=chosen.rtp_start,
        rtp_end=chosen.rtp_end,
        ari_password=password,
        hotline_sip_port=hotline_sip_port,
        encryption=encryption,
    )
    configuration = render.render_agent(place.templates, place.asterisk, place.folder, settings)
    program = Program(
        "agent",
        render.start_command(place.asterisk, configuration),
        lambda: wait_for_ari(address, APPLICATION, password, _BOOT_SECONDS),
        place.folder / "asterisk.log",
        place.asterisk.environment,
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, place.folder, ignore_errors=True)
        asterisk = Supervisor(place.folder, [program])
        stack.push_async_callback(asterisk.stop)
        await asterisk.start()
        ari = await stack.enter_async_context(AriClient(address, APPLICATION, password, APPLICATION))
        frames = await stack.enter_async_context(ari.events())
        registrations = await stack.enter_async_context(Registrations(chosen.agi, APPLICATION, password))
        stories = Stories(journal) if journal is not None else None
        recordings = Recordings(place.folder / "spool" / "recording", place.recordings) if place.recordings else None
        hotline = f"{ports.ADDRESS}:{hotline_sip_port}"
        agent = Agent(
            ari,
            registrations,
            hotline,
            Sounds(place.speech, voice),
            recordings,
            stories,
            clock or SystemClock(),
            secure=encryption is not None,
        )
        _keep(stack, "asterisk_events", agent.switch.run(frames))
        if stories is not None:
            _keep(stack, "journal", stories.run())
        yield agent


def _keep(stack: contextlib.AsyncExitStack, name: str, work: Coroutine[None, None, None]) -> None:
    """Run `work` beside the body; should it fail, the body goes on and learns of it by what does not come."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("agent_part_lost", part=name, reason=str(error))

    task = asyncio.get_running_loop().create_task(work)

    async def end() -> None:
        for _ in range(_CANCELLATIONS):  # Python 3.11's `wait_for`, which the store's client uses, may swallow one
            task.cancel()
            await asyncio.wait((task,), timeout=_END_SECONDS)

    task.add_done_callback(ended)
    stack.push_async_callback(end)
