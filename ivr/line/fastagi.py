"""FastAGI: `AGI(agi://host:port/PLAN)` in a dialplan of the admin's own runs a plan and tells how it ended.

The plan itself runs as for any other call: the session gives its channel to the engine by `Stasis`, and when the plan
has ended the engine lets the channel go back, so that the dialplan goes on with the result in channel variables.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from ivr.errors import SetupFailed
from ivr.line.agi import LONGEST_LINE_BYTES, AgiSession, SessionBroken

log = structlog.get_logger()

_RESULT_SECONDS = 10.0  # the engine releases a call within 5 s
_CLOSE_SECONDS = 2.0
_UNSAFE = re.compile(r"[^\w.!%*+~:@/#-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class PlanResult:
    """How a plan ended, and what it knows of the caller by then."""

    call: str
    outcome: str
    topic: str
    language: str
    variables: Mapping[str, str | int | float | bool | None]


NOT_RUN = PlanResult("", "failed", "", "", {})


class PlanRuns(Protocol):
    """The engine, as a FastAGI session sees it."""

    def knows(self, plan: str) -> bool: ...

    def result(self, channel: str) -> AbstractContextManager[asyncio.Future[PlanResult]]:
        """Inside the block, the result of the plan that runs on this channel will be told."""
        ...


class FastAgi:
    """A server of sessions, one for each `AGI()`; `application` is the engine's name in Asterisk."""

    def __init__(self, application: str, runs: PlanRuns, most_sessions: int = 500) -> None:
        self._application = application
        self._runs = runs
        self._most_sessions = most_sessions
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[None]:
        """Take sessions inside the block; `SetupFailed` when the port is taken. Those left at the end get 2 s."""
        try:
            server = await asyncio.start_server(self._accept, host, port, limit=LONGEST_LINE_BYTES)
        except OSError as error:
            raise SetupFailed(f"FastAGI cannot use port {port}: {error.strerror}", where=host) from None
        try:
            yield
        finally:
            server.close()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._most_sessions:
            log.error("agi_sessions_full", sessions=len(self._tasks))
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(AgiSession(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("agi_session_failed", kind=type(error).__name__)

    async def _serve(self, session: AgiSession) -> None:
        try:
            environment = await session.environment()
            for name, value in (await self._run(session, environment)).items():
                await session.set_variable(name, value)
        except SessionBroken as broken:
            log.warning("agi_session_broken", reason=broken.reason)
        finally:
            await session.close()

    async def _run(self, session: AgiSession, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Run the plan that is asked for; the variables to set."""
        channel, plan = environment.get("agi_uniqueid", ""), environment.get("agi_network_script", "")
        if not channel:
            raise SessionBroken("the environment names no channel")
        if not self._runs.knows(plan):
            log.warning("agi_plan_unknown", plan=_UNSAFE.sub("?", plan[:80]))
            return variables(NOT_RUN)
        dialled = environment.get("agi_dnid", "unknown")
        if dialled == "unknown":
            dialled = environment.get("agi_extension", "")
        sip_call_id = ""
        if environment.get("agi_type") == "PJSIP":
            sip_call_id = await session.variable("CHANNEL(pjsip,call-id)")
        facts = (_UNSAFE.sub("", fact) for fact in (dialled, sip_call_id))
        with self._runs.result(channel) as result:
            await session.execute("Stasis", self._application, "plan", plan, *facts)
            if await session.variable("STASISSTATUS") != "SUCCESS":
                log.error("agi_engine_away", plan=plan)
                return variables(NOT_RUN)
            try:
                async with asyncio.timeout(_RESULT_SECONDS):
                    return variables(await result)
            except TimeoutError:
                log.error("agi_result_missing", plan=plan)
                return variables(NOT_RUN)


def variables(result: PlanResult) -> dict[str, str]:
    """The result as channel variables: the plan's own ones first, so that none of them can hide the outcome."""
    own = {f"IVR_{name.upper()}": _text(value) for name, value in result.variables.items()}
    facts = {
        "IVR_OUTCOME": result.outcome,
        "IVR_TOPIC": result.topic,
        "IVR_CALL": result.call,
        "IVR_LANGUAGE": result.language,
    }
    return own | facts


def _text(value: str | int | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
