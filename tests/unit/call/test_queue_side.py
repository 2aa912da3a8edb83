"""The wait that a call tells of: since it first asked for a place, whichever controller it was with, until now."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from ivr.call.effects import EnterQueue
from ivr.call.events import Event, Queued
from ivr.call.queue_side import QueueSide
from ivr.call.wait import Wait
from ivr.line.channels import IncomingCall
from ivr.virtual_time import LoopClock, run_virtually
from tests.unit.call.world import CALL, RepeatCaller, ScriptedQueue


def test_the_wait_is_told_whole() -> None:
    async def entered_anew() -> Queued:
        told: list[Event] = []
        clock = LoopClock()
        wait = Wait(clock)
        wait.take_over(clock.wall() - 30.0, clock.wall() - 20.0, None)
        parts = cast("Any", SimpleNamespace(queue=ScriptedQueue([]), recognise_caller=lambda *_: RepeatCaller()))
        side = QueueSide(CALL, IncomingCall("caller-1", "123", "+7999", "sip"), parts, wait, told.append)
        await side.enter(EnterQueue("main", "access", "ru"))
        (answer,) = told
        assert isinstance(answer, Queued)
        await asyncio.sleep(3.0)  # the call has something else to do first
        return side.as_of_now(answer)

    assert run_virtually(entered_anew()) == Queued("main", 1, waited_seconds=23.0)
