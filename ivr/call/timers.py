"""A call's timers, by the names that its dialplan gave them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ivr.call.events import Event, TimerFired


class Timers:
    """`receive` is told when one fires."""

    def __init__(self, receive: Callable[[Event], None]) -> None:
        self._receive = receive
        self._running: dict[str, asyncio.TimerHandle] = {}

    def set(self, timer: str, seconds: float) -> None:
        """Let it fire in so many seconds from now; one of that name that runs is set anew."""
        self.cancel(timer)
        self._running[timer] = asyncio.get_running_loop().call_later(seconds, self._receive, TimerFired(timer))

    def cancel(self, timer: str) -> None:
        if (handle := self._running.pop(timer, None)) is not None:
            handle.cancel()

    def cancel_all(self) -> None:
        for timer in tuple(self._running):
            self.cancel(timer)
