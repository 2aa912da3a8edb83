"""What the store must still be told: acts that are true whether or not it is there; late, but in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ivr.errors import StoreUnavailable

_RETRY_SECONDS = 0.5
T = TypeVar("T")
Act = Callable[[], Awaitable[object]]


class Owed:
    """Acts that wait for the store; each tells what happened and when, so that being late makes it no less true.

    `waiting` is set while there are any.
    """

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self._acts: deque[Act] = deque()
        self._telling = asyncio.Lock()

    async def tell(self, act: Callable[[], Awaitable[T]], later: Act | None = None) -> T | None:
        """The store's answer to `act`; None when it is away: then it is told by `later`, or `act`, once it is back."""
        if not self._acts:
            try:
                return await act()
            except StoreUnavailable:
                pass  # a command whose answer was lost may come twice: each says so by a refusal, and does no harm
        self._acts.append(later or act)
        self.waiting.set()
        return None

    async def run(self, there: asyncio.Event) -> None:
        """Tell what a lost connection kept from the store though nothing else noticed, while the store is `there`."""
        while True:
            await self.waiting.wait()
            await asyncio.sleep(_RETRY_SECONDS)
            await there.wait()
            with contextlib.suppress(StoreUnavailable):
                await self.settle()

    async def settle(self) -> None:
        """Tell all that is owed, in order. Raises StoreUnavailable; the rest is kept."""
        async with self._telling:
            while self._acts:
                await self._acts[0]()
                self._acts.popleft()
            self.waiting.clear()
