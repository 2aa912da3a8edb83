"""The queue in Redis: one atomic Lua command a transition.

Every refusal is a value (`Refused`), because losing a race is ordinary. Every command may raise StoreUnavailable.
Times are Unix seconds by the caller's clock; they are kept to the millisecond.

Give it a client with `socket_timeout=None`: the client's own timeout sends through `asyncio.wait_for`, which on Python
3.11 can lose a cancellation, and the waits here have their own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ivr.call.events import CallId, OfferEnd
from ivr.errors import StoreUnavailable
from ivr.queue import keys, rows
from ivr.queue.model import (
    Change,
    Done,
    Entered,
    Following,
    Leading,
    Left,
    Offer,
    OfferDeclined,
    QueuedCall,
    QueuedOperator,
    Refused,
)
from ivr.queue.scripts import COMMAND_SECONDS, Scripts

_FOLLOW_BLOCK_MILLISECONDS = 2000  # only proves that the server is alive; changes come at once
_PAGE = 500
_LOST = (RedisConnectionError, RedisTimeoutError, TimeoutError)


class QueueStore:
    """The queue's commands, its rows and its stream of changes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)

    async def enter(self, call: QueuedCall, caller_token: str = "") -> Entered | Refused:
        """Put the call in its queue; `caller_token` (opaque) gives a caller who was cut off the place back."""
        call = replace(call, entered_at=_milli(call.entered_at), place=_milli(call.place), rank=_milli(call.rank))
        place_key = keys.place(caller_token) if caller_token else ""
        answer = await self._scripts.run("enter", rows.call_json(call), place_key)
        return _refused(answer) or Entered(position=answer["position"], place=answer["place"])

    async def offer(
        self, offer: Offer, *, epoch: int, now: float, at_most: int = 1, reason: str = ""
    ) -> Done | Refused:
        """Let the call ring at the operator; `reason` (JSON) is kept with it, `at_most` operators ring at a time."""
        answer = await self._scripts.run(
            "offer",
            epoch,
            offer.call,
            offer.operator,
            offer.offer,
            _milli(now),
            _milli(now + offer.ring_seconds),
            at_most,
            reason,
        )
        return _refused(answer) or Done()

    async def accept(self, offer: Offer, *, now: float) -> Done | Refused:
        """The operator took it: from now on they talk."""
        answer = await self._scripts.run("accept", offer.call, offer.operator, offer.offer, _milli(now))
        return _refused(answer) or Done()

    async def decline(
        self, offer: Offer, end: OfferEnd, *, now: float, misses_allowed: int, not_again_until: float
    ) -> OfferDeclined | Refused:
        """The offer ended without a talk; `misses_allowed` unanswered rings in a row pause the operator."""
        answer = await self._scripts.run(
            "decline",
            offer.call,
            offer.operator,
            offer.offer,
            end,
            _milli(now),
            misses_allowed,
            _milli(not_again_until),
        )
        return _refused(answer) or OfferDeclined(paused=answer["paused"])

    async def leave(
        self, call: CallId, *, now: float, wrap_up_seconds: float = 0, caller_token: str = "", keep_seconds: int = 0
    ) -> Left:
        """Take the call out, whatever it is doing; with `keep_seconds` the caller has the place back that long."""
        place_key = keys.place(caller_token) if caller_token and keep_seconds else ""
        answer = await self._scripts.run("leave", call, _milli(now), wrap_up_seconds, place_key, keep_seconds)
        return Left(known=answer["left"])

    async def end_talk(self, call: CallId, *, now: float, wrap_up_seconds: float) -> Done | Refused:
        """They have parted; the operator writes down the result for `wrap_up_seconds`, then is free."""
        return _done(await self._scripts.run("end_talk", call, _milli(now), wrap_up_seconds))

    async def ready(self, operator: str, *, now: float) -> Done | Refused:
        """The operator takes calls from now on."""
        return _done(await self._scripts.run("ready", operator, _milli(now)))

    async def pause(self, operator: str, reason: str, *, now: float) -> Done | Refused:
        """The operator takes no calls for a while; a talk goes on, a ring is withdrawn."""
        return _done(await self._scripts.run("pause", operator, reason, _milli(now)))

    async def sign_out(self, operator: str, *, now: float) -> Done | Refused:
        """The operator takes no calls at all; a talk goes on, a ring is withdrawn."""
        return _done(await self._scripts.run("sign_out", operator, _milli(now)))

    async def end_wrap_up(self, operator: str, until_at: float, *, now: float) -> Done | Refused:
        """The wrap-up that was to last until `until_at` is over."""
        return _done(await self._scripts.run("end_wrap_up", operator, until_at, _milli(now)))

    async def configure_queue(
        self, queue: str, *, now: float, limit: int | None = None, closed: bool | None = None, by: str = ""
    ) -> Done | Refused:
        """Set what is given, leave the rest; `by` names the person for the audit (empty: configuration)."""
        answer = await self._scripts.run(
            "configure_queue",
            queue,
            "" if limit is None else limit,
            "" if closed is None else int(closed),
            _milli(now),
            by,
        )
        return _done(answer)

    async def lead(self, controller: str, lease_seconds: float) -> Leading | Following:
        """Ask for, or renew, the right to route."""
        answer = await self._scripts.run("lead", controller, int(lease_seconds * 1000))
        if answer["status"] == "refused":
            return Following(retry_seconds=max(0, answer["retry_milliseconds"]) / 1000)
        return Leading(epoch=answer["epoch"])

    async def yield_lead(self, controller: str) -> None:
        """Give the right to route back at once."""
        await self._scripts.run("yield_lead", controller)

    async def load(self) -> tuple[str, Change]:
        """All rows as one change, and the stream's position from which `follow` completes it.

        The position is taken first: changes made while the pages are read come again, and rows are whole, so applying
        them twice does no harm.
        """
        try:
            newest = await self._redis.xrevrange(keys.CHANGES, count=1)
            position = _text(newest[0][0] or "0-0") if newest else "0-0"
            return position, Change(
                cause="load",
                calls=tuple(rows.call_row(row) for row in await self._rows(keys.CALLS)),
                operators=tuple(rows.operator_row(row) for row in await self._rows(keys.OPERATORS)),
                queues=tuple(rows.queue_row(row) for row in await self._rows(keys.QUEUES)),
            )
        except _LOST as error:
            raise _lost(error) from error

    async def operators(self) -> tuple[QueuedOperator, ...]:
        """Rows of all operators who ever signed in."""
        try:
            return tuple(rows.operator_row(row) for row in await self._rows(keys.OPERATORS))
        except _LOST as error:
            raise _lost(error) from error

    async def follow(self, position: str) -> AsyncGenerator[list[Change]]:
        """Changes after `position`, as they come, in the batches they come in."""
        while True:
            try:
                async with asyncio.timeout(_FOLLOW_BLOCK_MILLISECONDS / 1000 + COMMAND_SECONDS):
                    reply = await self._redis.xread({keys.CHANGES: position}, block=_FOLLOW_BLOCK_MILLISECONDS)
            except _LOST as error:
                raise _lost(error) from error
            for entries in _entries(reply):
                position = _text(entries[-1][0])
                yield [rows.change(_text(fields[b"cause"]), fields[b"rows"]) for _, fields in entries]

    async def _rows(self, key: str) -> list[dict[str, Any]]:
        found: dict[Any, Any] = {}  # a scan may name a row twice
        cursor = None
        while cursor != 0:
            async with asyncio.timeout(COMMAND_SECONDS):
                cursor, page = await self._redis.hscan(key, cursor or 0, count=_PAGE)
            found.update(cast("dict[Any, Any]", page))
        return [json.loads(value) for value in found.values()]


def _lost(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"the store does not answer: {error}", hint="see `ivr status`")


def _milli(seconds: float) -> float:
    return round(seconds, 3)


def _refused(answer: dict[str, Any]) -> Refused | None:
    return Refused(answer["reason"]) if answer["status"] == "refused" else None


def _done(answer: dict[str, Any]) -> Done | Refused:
    return _refused(answer) or Done()


def _entries(reply: Any) -> list[list[tuple[bytes, dict[bytes, bytes]]]]:
    """Non-empty batches of an XREAD reply, in either shape (list for RESP2, mapping for RESP3)."""
    streams = reply.values() if isinstance(reply, dict) else [entries for _, entries in reply or ()]
    return [entries for entries in streams if entries]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
