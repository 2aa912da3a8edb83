"""The call's place in the queue: asked for, kept, given up, or promised to the caller's telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ivr.call.effects import EnterQueue
from ivr.call.events import CallbackKept, CallbackRefused, CallId, Event, Queued
from ivr.call.parts import Parts
from ivr.call.wait import Wait
from ivr.dialplan.state import State
from ivr.line.channels import IncomingCall


class QueueSide:
    """What one call asks of the queue; answers go to `receive`. `wait` begins here; an operator ends it, too."""

    def __init__(
        self, call: CallId, incoming: IncomingCall, parts: Parts, wait: Wait, receive: Callable[[Event], None]
    ) -> None:
        self._call = call
        self._line_number = incoming.dialled
        self._parts = parts
        self._wait = wait
        self._receive = receive
        self._caller = parts.recognise_caller(call, incoming.caller or incoming.code)
        self._wanted: EnterQueue | None = None
        self._admitted = asyncio.Event()
        self.promised = False
        """The caller will be rung back, and need not stay."""

    def standing(self) -> Queued | None:
        """Where the call stands now; None when it does not wait."""
        return self._parts.queue.standing(self._call)

    async def enter(self, wanted: EnterQueue, passed_by: str = "") -> None:
        """Ask for a place, or for the one that the call had before a talk or has from the controller of before."""
        self._wanted = wanted
        self._admitted.clear()  # put back after a talk, it is admitted anew
        entered_at = self._wait.begin()
        answer = await self._parts.queue.enter(
            self._call,
            wanted,
            self._line_number,
            entered_at,
            preferred=wanted.preferred or await self._caller.known_operator(),
            caller_token=self._caller.token,
            passed_by=passed_by,
        )
        if not isinstance(answer, Queued):
            self._wait.refused()
        self._receive(answer)

    def as_of_now(self, answer: Queued) -> Queued:
        """With the wait so far: the answer may have lain a while behind other things that happened to the call."""
        return replace(answer, waited_seconds=self._wait.so_far() or 0.0)

    def admitted(self) -> None:
        """The dialplan has the answer: from now on operators may ring."""
        self._admitted.set()

    async def until_admitted(self) -> None:
        """The router may offer the call before we have its answer; the journal is to tell things in their order."""
        await self._admitted.wait()

    async def leave(self, reason: str) -> None:
        """Give the place up: the plan goes on without an operator."""
        await self._parts.queue.leave(self._call, reason)
        self._wait.over()

    async def end(self, reason: str) -> None:
        """The call ends while it waits; a caller who calls again soon has the place back."""
        self._wait.over()
        await self._parts.queue.leave(self._call, reason, caller_token=self._caller.token)

    async def promise(self, number: str, state: State | None) -> None:
        """Let the caller be rung at `number` when the turn comes."""
        promise, entered = self._parts.promise, self._wait.entered_wall
        answer: CallbackKept | CallbackRefused = CallbackRefused("not_rung")
        if promise is not None and self._wanted is not None and entered is not None:
            answer = await promise(self._call, number, self._line_number, self._wanted, entered, state)
        if isinstance(answer, CallbackKept):
            self.promised = True
            self._wait.over()
        self._receive(answer)
