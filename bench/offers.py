"""From "the operator is free" to the INVITE to that operator's telephone, over real calls of one hotline."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, NamedTuple, cast

import numpy as np
from redis.asyncio import Redis

from bench.hotline import OPERATOR, QUEUE_LINE, running_hotline
from bench.telephone import Call, Message, Telephones, telephones
from ivr.queue import keys
from ivr.queue.store import QueueStore

_SERVICE_SECONDS = 0.15  # talk and wrap-up: long enough for the next caller to stand in the queue
_ARRIVING_AT_ONCE = 5
_PING_SECONDS = 0.05
_SETTLE_SECONDS = 2.0
_LONGEST_SECONDS = 42.0


class _Free(NamedTuple):
    """The operator became free, and was given the next call: when the store committed either (Unix seconds)."""

    at: float
    offered_at: float


class _Desk:
    """The operator: takes each call at once, hangs up soon; for each one taken, another caller dials."""

    def __init__(self, ours: Telephones, store: Redis, samples: int, talk_seconds: float) -> None:
        self.invited: list[float] = []
        self.hung_up: list[float] = []
        self.fewest_waiting = 10**6
        self.done = asyncio.Event()
        self._ours = ours
        self._store = store
        self._samples = samples
        self._talk_seconds = talk_seconds
        self.pings: list[float] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, call: Call, invite: Message) -> None:
        self.invited.append(invite.at)
        if len(self.invited) > self._samples:
            self.done.set()
        task = asyncio.get_running_loop().create_task(self._talk(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ping(self) -> None:
        """Until cancelled: how long does this machine take for next to nothing?"""
        while True:
            self.pings.append(1000 * await self._ours.ping())
            await asyncio.sleep(_PING_SECONDS)

    async def close(self) -> None:
        """Talk to nobody any more."""
        self._ours.on_offer = lambda _call, _invite: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _talk(self, call: Call) -> None:
        waiting: int = await self._store.zcard(keys.waiting("people"))
        self.fewest_waiting = min(self.fewest_waiting, waiting)
        await self._ours.call(QUEUE_LINE, f"+7999{len(self.invited):07}")
        await asyncio.sleep(self._talk_seconds)
        self.hung_up.append(call.hang_up())


async def offer_latency(waiting: int, samples: int, wanted_ms: float, wrap_up_seconds: float = 0.1) -> dict[str, Any]:
    """`samples` offers to one operator while at least `waiting` callers hold the line."""
    async with (
        running_hotline(wrap_up_seconds) as running,
        running.hotline.store() as store,
        telephones(running.hotline.ports.sip, listening=False) as ours,
    ):
        queue = QueueStore(store)
        desk = _Desk(ours, store, samples, _SERVICE_SECONDS - wrap_up_seconds)
        ours.on_offer = desk.take
        await ours.register(OPERATOR, running.hotline.secrets.password(f"operator/{OPERATOR}"))
        await queue.ready(OPERATOR, now=time.time())
        await queue.pause(OPERATOR, "bench", now=time.time())
        for first in range(0, waiting, _ARRIVING_AT_ONCE):
            numbers = range(first, min(first + _ARRIVING_AT_ONCE, waiting))
            await asyncio.gather(*(ours.call(QUEUE_LINE, f"+7998{number:07}") for number in numbers))
        await asyncio.sleep(_SETTLE_SECONDS)
        await queue.ready(OPERATOR, now=time.time())
        before = running.cpu_seconds()["asterisk"]
        began_at = time.monotonic()
        pinging = asyncio.create_task(desk.ping())
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                await desk.done.wait()
        except TimeoutError:
            pass  # fewer samples then, and the sentence says how many
        finally:
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)
            await desk.close()
        used = (running.cpu_seconds()["asterisk"] - before) / (time.monotonic() - began_at)
        circumstances = f"asterisk kept {used:.0%} of a core busy; {running.circumstances}"
        freed = await _freed(store)
    return _figures(desk, freed, waiting, wanted_ms, wrap_up_seconds, circumstances)


async def _freed(store: Redis) -> list[_Free]:
    """From the queue's stream of changes, whose ids are the store's clock in whole milliseconds, rounded down."""
    found: list[_Free] = []
    free_at: float | None = None
    changes = cast("list[tuple[bytes, dict[bytes, bytes]]]", await store.xrange(keys.CHANGES))
    for identity, fields in changes:
        at, cause = int(identity.split(b"-")[0]) / 1000, fields[b"cause"]
        frees = cause in (b"end_wrap_up", b"end_talk")
        if frees and any(row["state"] == "ready" for row in json.loads(fields[b"rows"])["operators"]):
            free_at = at
        elif cause == b"offer" and free_at is not None:
            found.append(_Free(free_at, at))
            free_at = None
    return found


def _figures(
    desk: _Desk, freed: list[_Free], waiting: int, wanted_ms: float, wrap_up_seconds: float, circumstances: str
) -> dict[str, Any]:
    invited = np.array(desk.invited[1:])
    pairs = [(free, invited[np.searchsorted(invited, free.at)]) for free in freed if free.at < invited[-1]]
    taken = np.array([1000 * (at - free.at) for free, at in pairs])
    decided = np.array([1000 * (free.offered_at - free.at) for free, _ in pairs])
    from_bye = 1000 * (invited[: len(desk.hung_up)] - np.array(desk.hung_up[: len(invited)]))
    if wrap_up_seconds:
        measured, begin = taken, "the store's commit that ends the operator's wrap-up (rounded down to 1 ms)"
    else:
        measured, begin = from_bye, "the BYE with which the operator, who has no wrap-up, becomes free"
    return {
        "value": round(float(np.percentile(measured, 99)), 1),
        "unit": "ms",
        "baseline": wanted_ms,
        "how": f"{len(taken)} offers, from {begin}"
        " to the INVITE at the telephone's socket (kernel's time), between them: router, store, session, ARI, Asterisk;"
        f" {max(waiting, 1)} real SIP calls on music, never fewer than {desk.fewest_waiting} left waiting;"
        f" {_spread(measured)}; from the store's commit {_spread(taken)}, of it to the committed offer median"
        f" {np.median(decided):.1f}; from the operator's own BYE, {wrap_up_seconds:g} s of wrap-up included,"
        f" {_spread(from_bye)};"
        f" to know the machine: OPTIONS to the same Asterisk meanwhile {_spread(np.array(desk.pings))};"
        f" {circumstances}",
    }


def _spread(milliseconds: np.typing.NDArray[np.float64]) -> str:
    median, p95, p99 = np.percentile(milliseconds, (50, 95, 99))
    return f"median {median:.1f}, p95 {p95:.1f}, p99 {p99:.1f}, longest {milliseconds.max():.1f} ms"
