"""A supervisor in a talk: listens unheard, whispers to the operator alone, or joins and is heard by all.

The supervisor's telephone is rung like any other; a change of mode is heard at once, nobody is called again.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from ivr.call.events import CallId
from ivr.call.parts import Parts
from ivr.call.talk import Record, Talk
from ivr.errors import AsteriskRefused, IvrError
from ivr.line.channels import LegFailed, OperatorLeg
from ivr.operator.desk import ActImpossible

Mode = Literal["listen", "whisper", "join"]
RING_SECONDS = 20.0


class ListeningIn:
    """One supervisor's part in one talk. `run` as a task that ends with the talk; `change` may be called meanwhile."""

    def __init__(self, call: CallId, talk: Talk, parts: Parts, record: Record, supervisor: str, mode: Mode) -> None:
        self.mode: Mode = mode
        self._talk = talk
        self._parts = parts
        self._record = record
        self._supervisor = supervisor
        self._call = call
        self._room = f"{call}-with-{supervisor}"
        self._leg: OperatorLeg | None = None
        self._ear = ""
        self._open = False
        self._heard = False

    async def run(self, telephone: str) -> None:
        """Ring at the supervisor's telephone and stay until it is hung up."""
        line, clock = self._parts.line, self._parts.clock
        began_at = clock.monotonic()
        reason = "talk_ended"
        try:
            self._leg = await line.ring(telephone, f"{self._call}-with", self._supervisor)
            async with asyncio.timeout(RING_SECONDS):
                await self._leg.answered
            self._heard = True
            while not self._leg.gone.done():
                await self.change(self.mode)
                passed_on = self._talk.next_operator
                await asyncio.wait((self._leg.gone, passed_on), return_when=asyncio.FIRST_COMPLETED)
            reason = "left"
        except LegFailed as failed:
            reason = failed.reason
        except TimeoutError:
            reason = "no_answer"
        except ActImpossible:
            pass  # the talk has just ended
        except IvrError:
            reason = "unreachable"
        finally:
            await self._release()
            seconds = round(clock.monotonic() - began_at, 3)
            self._record(
                "supervision_ended", {"supervisor": self._supervisor, "reason": reason, "seconds": seconds}, {}
            )

    async def change(self, mode: Mode) -> None:
        """Listen, whisper or join from now on; ActImpossible when the operator has just left."""
        self.mode = mode
        if self._leg is None or not self._heard:
            return
        channel = self._talk.operator_channel
        if not channel:
            raise ActImpossible("nobody can be listened to at this moment")
        ear, self._ear = self._ear, ""
        try:
            if mode == "join":
                await self._parts.line.add(self._talk.room, self._leg.channel)
            else:
                self._ear = await self._parts.line.listen_in(channel, whisper=mode == "whisper")
                await self._meet(self._leg.channel, self._ear)
        except AsteriskRefused as refused:
            raise ActImpossible("the talk has just ended") from refused
        finally:
            if ear:
                await self._parts.line.hang_up(ear)
        facts = {"operator": self._talk.desk.operator, "supervisor": self._supervisor, "mode": mode}
        self._record("supervised", facts, {})

    async def _meet(self, *channels: str) -> None:
        if self._open:
            await self._parts.line.add(self._room, *channels)
        else:
            self._open = True
            await self._parts.line.bridge(self._room, channels)

    async def _release(self) -> None:
        line = self._parts.line
        if self._ear:
            await line.hang_up(self._ear)
        if self._leg is not None:
            await line.hang_up(self._leg.channel)
        if self._open:
            await line.unbridge(self._room)
