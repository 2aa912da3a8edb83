"""One snapshot of the hotline, shared by everybody who watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from ivr.web.status import Status, to_json

_INTERVAL_SECONDS = 1.0
_LEAST_SECONDS = 0.2  # between two snapshots, however much happens
_SNAPSHOT_SECONDS = 3.0


class Feed:
    """Takes a snapshot a second, and at once after `changed`, while somebody watches; each is encoded once.

    A watcher too slow for every snapshot gets the latest, so nothing piles up for it.
    """

    def __init__(self, status: Callable[[], Awaitable[Status]]) -> None:
        self._status = status
        self._log = structlog.get_logger("web")
        self._watchers = 0
        self._watched = asyncio.Event()
        self._changed = asyncio.Event()
        self._published = asyncio.Event()
        self._latest: bytes | None = None

    def changed(self) -> None:
        """Something has happened that watchers should see soon. Never blocks."""
        self._changed.set()

    async def run(self) -> None:
        """Take snapshots until cancelled."""
        while True:
            await self._watched.wait()
            try:
                async with asyncio.timeout(_SNAPSHOT_SECONDS):
                    self._publish(b"data: " + to_json(await self._status()) + b"\n\n")
            except Exception as error:  # noqa: BLE001 - the page shows the age of what it has; the next try is a second away
                self._log.warning("no snapshot of the hotline", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(_LEAST_SECONDS)
            try:
                async with asyncio.timeout(_INTERVAL_SECONDS - _LEAST_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def watch(self) -> AsyncIterator[bytes]:
        """Snapshots as server-sent events, from the latest on, until the watcher goes away."""
        self._watchers += 1
        self._watched.set()
        seen = None
        try:
            if self._watchers == 1:
                self._latest = None  # from when somebody last watched
            while True:
                published = self._published
                if self._latest is None or self._latest is seen:
                    await published.wait()
                    continue
                seen = self._latest
                yield seen
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()

    def _publish(self, snapshot: bytes) -> None:
        self._latest = snapshot
        self._published.set()
        self._published = asyncio.Event()
