"""The caller and an outside telephone that the plan passes the call on to: rung, joined, and seen to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from ivr.call.effects import Transfer
from ivr.call.events import CallId, Event, TransferEnded, Transferred
from ivr.call.parts import Parts
from ivr.errors import AsteriskRefused, IvrError
from ivr.line.channels import IncomingCall, LegFailed, OperatorLeg

Record = Callable[[str, Mapping[str, str | int | float | bool | None]], None]


class OutsideTalk:
    """`run` as a task for one transfer. `silence` is awaited before the two hear each other."""

    def __init__(
        self,
        call: CallId,
        incoming: IncomingCall,
        parts: Parts,
        silence: Callable[[], Awaitable[None]],
        record: Record,
        receive: Callable[[Event], None],
    ) -> None:
        self._call = call
        self._incoming = incoming
        self._parts = parts
        self._silence = silence
        self._record = record
        self._receive = receive
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, request: Transfer) -> None:
        """Ring there, and let the two talk until one of them hangs up."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks[request.transfer] = task
        reason = "ended"
        self._record("transfer_rung", {"to": request.to, "ring_seconds": request.ring_seconds})
        began_at = self._parts.clock.monotonic()
        try:
            reason = await self._talk(request)
        except asyncio.CancelledError:
            reason = "caller"
            raise
        finally:
            del self._tasks[request.transfer]
            seconds = round(self._parts.clock.monotonic() - began_at, 3)
            self._record("transfer_ended", {"to": request.to, "reason": reason, "seconds": seconds})
        self._receive(TransferEnded(request.transfer, reason))

    def end(self, transfer: str) -> None:
        """The plan goes on without it: stop ringing, or part the two."""
        task = self._tasks.get(transfer)
        if task is not None:
            task.cancel()

    async def _talk(self, request: Transfer) -> str:
        line, bridge = self._parts.line, f"{self._call}-talk"
        leg: OperatorLeg | None = None
        bridged = False
        try:
            leg = await line.ring(self._parts.outside(request.to), self._call, self._incoming.dialled)
            async with asyncio.timeout(request.ring_seconds):
                await leg.answered
            await self._silence()
            bridged = True
            await line.bridge(bridge, [self._incoming.channel, leg.channel])
            self._record("transfer_connected", {"to": request.to})
            self._receive(Transferred(request.transfer))
            await leg.gone
            return "ended"
        except LegFailed as failed:
            return failed.reason
        except TimeoutError:
            return "no_answer"
        except AsteriskRefused:
            return "failed"  # one of the two was gone before they could hear each other
        except IvrError:
            return "unreachable"
        finally:
            if leg is not None:
                await line.hang_up(leg.channel)
            if bridged:
                await line.unbridge(bridge, self._incoming.channel)
