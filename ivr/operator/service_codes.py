"""Service codes that operators dial from their telephones: *1 takes calls from now on, *0 takes none.

The telephone's own account is the proof of who dials: Asterisk has checked its password.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ivr.call.events import CallerHungUp, Event, PromptFinished
from ivr.errors import AsteriskRefused
from ivr.line.asterisk import Line
from ivr.line.channels import OperatorCode
from ivr.operator.floor import Floor

log = structlog.get_logger()

_LONGEST_PROMPT_SECONDS = 10.0


class ServiceCodes:
    """`media(prompt)` gives the Asterisk address of a prompt in the operators' language."""

    def __init__(self, line: Line, floor: Floor, media: Callable[[str], str]) -> None:
        self._line = line
        self._floor = floor
        self._media = media

    async def serve(self, dialled: OperatorCode) -> None:
        """Carry out a code and say so; whoever calls this owns the task."""
        name = dialled.endpoint
        match dialled.code:
            case "*1":
                # Only once the telephone is on the hook again: else the first offer would find it busy.
                await self._say(dialled.channel, "operator_ready")
                await self._floor.ready(name)
            case "*0":
                await self._floor.paused(name, "asked")
                await self._say(dialled.channel, "operator_paused")
            case _:
                await self._say(dialled.channel, "operator_unknown_code")
        log.info("service_code", operator=name, code=dialled.code)

    async def _say(self, channel: str, prompt: str) -> None:
        over = asyncio.Event()

        def receive(event: Event) -> None:
            if isinstance(event, PromptFinished | CallerHungUp):
                over.set()

        self._line.watch(channel, receive)
        try:
            await self._line.answer(channel)
            await self._line.play(channel, prompt, [self._media(prompt)])
            async with asyncio.timeout(_LONGEST_PROMPT_SECONDS):
                await over.wait()
        except (AsteriskRefused, TimeoutError):
            log.info("service_code_unheard", prompt=prompt)
        finally:
            self._line.forget(channel)
            await self._line.hang_up(channel)
