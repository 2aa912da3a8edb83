"""A test operator: signs in by telephone, answers (or declines, or ignores) the calls that are offered, talks."""

from __future__ import annotations

import asyncio
import contextlib

from ivr.agent.account import Account
from ivr.agent.leg import Leg, LegEnded
from ivr.agent.recordings import Recordings
from ivr.agent.script import OperatorScript
from ivr.agent.sounds import Sounds
from ivr.agent.steps import OnStep, Step, Talk, Value
from ivr.agent.turns import prepare, take_turn
from ivr.clock import Clock
from ivr.errors import AsteriskUnavailable, CallFailed

READY, PAUSED = "*1", "*0"
"""What operators dial to take calls, and to take none."""

_CODE_SECONDS = 10.0


class Operator:
    """One operator's telephone. `serve` is given each call that rings here; `talks` gets each talk as it ends."""

    def __init__(
        self,
        account: Account,
        sounds: Sounds,
        recordings: Recordings | None,
        script: OperatorScript,
        clock: Clock,
        on_step: OnStep,
    ) -> None:
        self.talks: asyncio.Queue[Talk] = asyncio.Queue()
        self.steps: list[Step] = []
        self._account = account
        self._sounds = sounds
        self._recordings = recordings
        self._script = script
        self._clock = clock
        self._on_step = on_step
        self._started_at = clock.monotonic()

    async def sign_in(self, leg: Leg) -> None:
        """Register and become free for calls; `leg` is used to dial the code. `CallFailed` when refused."""
        await prepare(self._sounds, self._script.talk)
        await self._account.register()
        self._tell("registered")
        await self._dial(leg, READY)
        self._tell("ready")

    async def pause(self, leg: Leg) -> None:
        """Take no more calls; a hotline that is gone is no error."""
        try:
            await self._dial(leg, PAUSED)
        except (CallFailed, AsteriskUnavailable) as error:
            self._tell("not_paused", reason=error.what)
        else:
            self._tell("paused")

    async def unregister(self, *, tell_hotline: bool) -> None:
        """Take the telephone away from the hotline; no error when it never was there."""
        await self._account.unregister(tell_hotline=tell_hotline)
        self._tell("unregistered")

    async def serve(self, leg: Leg, caller: str) -> None:
        """See one offered call through, from its ringing to its end; `caller` is the number that is shown."""
        self._tell("offered", caller=caller)
        try:
            await self._answer(leg)
        except LegEnded as end:
            self._tell("missed", cause=end.cause, reason=end.reason)
        finally:
            await leg.hang_up()

    async def _answer(self, leg: Leg) -> None:
        await leg.ring()
        if self._script.answer_after_seconds is None:
            raise await leg.ended()
        await asyncio.sleep(self._script.answer_after_seconds)
        if self._script.decline:
            await leg.hang_up("busy")
            self._tell("declined")
            return
        await leg.answer()
        await self._talk(leg)

    async def _talk(self, leg: Leg) -> None:
        began_at = self._clock.monotonic()
        self._tell("talks")
        ended_by = "caller"
        recorded = None
        try:
            await leg.keep_silent()
            recorded = await self._recordings.start(leg) if self._recordings is not None else None
            async with asyncio.timeout(self._script.talk_seconds):
                await take_turn(leg, self._sounds, self._script.talk, self._tell)
                await leg.ended()
        except LegEnded:
            pass
        except TimeoutError:
            ended_by = "operator"
            await leg.hang_up()
        seconds = self._clock.monotonic() - began_at
        heard, said = (None, None) if recorded is None else await recorded.finished()
        self._tell("talk_ended", by=ended_by, seconds=round(seconds, 3))
        self.talks.put_nowait(Talk(seconds, ended_by, heard, said))

    async def _dial(self, leg: Leg, code: str) -> None:
        refused = f"the hotline did not take {code}"
        try:
            await leg.dial(self._account.endpoint(code), "", _CODE_SECONDS)
            await leg.answered(_CODE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CODE_SECONDS):
                    await leg.ended()  # it says something, then hangs up
        except TimeoutError:
            raise CallFailed(f"{refused}: no answer in {_CODE_SECONDS:g} s") from None
        except LegEnded as end:
            if not leg.was_up:
                raise CallFailed(f"{refused}: {end.reason}") from end
        finally:
            await leg.hang_up()

    def _tell(self, step: str, **data: Value) -> None:
        self.steps.append(Step(self._clock.monotonic() - self._started_at, step, data))
        self._on_step(self.steps[-1])
