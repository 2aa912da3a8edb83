"""Requests in the store: each change is checked against the version that was read, so that none is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import orjson
from redis.asyncio import Redis

from ivr.errors import IvrError
from ivr.request import keys
from ivr.request.model import Request, from_mapping, to_mapping

_PUT = (Path(__file__).parent / "lua" / "put.lua").read_text(encoding="utf-8")
_FIELDS = ("version", "request")
_TRIES = 20
_MOST_WRONG_PROOFS = 3
_WRONG_PROOFS_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Standing:
    """Requests that are not done, and how many of them have passed a deadline."""

    open: int = 0
    late: int = 0


class RequestUnknown(IvrError):
    """There is no request of that number."""


class RequestStore:
    """Reads and changes requests."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._put = redis.register_script(_PUT)

    async def next_count(self) -> int:
        """How many requests there have been, this one included."""
        return int(await self._redis.incr(keys.COUNT))

    async def add(self, request: Request) -> Request:
        """Keep a new request."""
        if not await self._kept(request):
            raise IvrError(f"there is a request {request.number} already")
        return replace(request, version=1)

    async def change(self, number: str, change: Callable[[Request], Request]) -> Request:
        """Read, change, keep; again from the start when somebody else was faster. RequestUnknown when there is none."""
        for _ in range(_TRIES):
            before = await self.get(number)
            after = change(before)
            if after == before:
                return before
            if await self._kept(replace(after, version=before.version)):
                return replace(after, version=before.version + 1)
        raise IvrError(f"request {number} is being changed by too many at once", hint="try again")

    async def get(self, number: str) -> Request:
        """The request of that number; RequestUnknown when there is none."""
        return _request(number, *await self._redis.hmget(keys.request(number), _FIELDS))

    async def of_call(self, call: str) -> Request | None:
        """The call's request."""
        number = await self._redis.get(keys.call(call))
        return None if number is None else await self.get(_text(number))

    async def also_of(self, call: str, number: str) -> None:
        """A further call goes on with this request."""
        await self._redis.set(keys.call(call), number)

    async def of_person(self, person: str, limit: int = 10) -> list[Request]:
        """A person's latest requests, newest first."""
        numbers = cast("list[bytes | str]", await self._redis.zrange(keys.person(person), 0, limit - 1, desc=True))
        if not numbers:
            return []
        pipeline = self._redis.pipeline(transaction=False)
        for number in numbers:
            pipeline.hmget(keys.request(_text(number)), _FIELDS)
        return [_request(_text(number), *row) for number, row in zip(numbers, await pipeline.execute(), strict=True)]

    async def forget_person(self, person: str) -> int:
        """No request knows this person any more; returns how many did."""
        found = cast("list[bytes | str]", await self._redis.zrange(keys.person(person), 0, -1))
        numbers = [_text(number) for number in found]
        for number in numbers:
            await self.change(number, lambda request: replace(request, person=""))
        await self._redis.delete(keys.person(person))
        return len(numbers)

    async def open(self, limit: int = 500) -> list[Request]:
        """Requests that are not done: the most urgent first, among equals the one whose deadline is next.

        Of more than `limit` the oldest are meant.
        """
        numbers = cast("list[bytes | str]", await self._redis.zrange(keys.OPEN, 0, limit - 1))
        found = [await self.get(_text(number)) for number in numbers]
        return sorted(found, key=lambda each: (-each.priority, min(each.deadlines.values(), default=each.opened)))

    async def standing(self) -> Standing:
        """How many there are to do."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zcard(keys.OPEN)
            pipeline.scard(keys.LATE)
            in_all, late = await pipeline.execute()
        return Standing(int(in_all), int(late))

    async def done_until(self) -> float:
        """Up to which moment (Unix seconds) calls' steps have reached their requests; 0 when there is no telling."""
        return float(await self._redis.get(keys.DONE_UNTIL) or 0)

    async def set_done_until(self, moment: float) -> None:
        await self._redis.set(keys.DONE_UNTIL, moment)

    async def purge(self, before_personal: float, before: float) -> int:
        """Forget the persons of requests opened before the first moment, and those opened before the second altogether.

        Returns how many were deleted. Open ones stay, however old.
        """
        for number in await self._opened_before(before_personal):
            person = (await self.get(number)).person
            if person:
                await self.change(number, lambda request: replace(request, person=""))
                await self._redis.zrem(keys.person(person), number)
        deleted = 0
        for number in await self._opened_before(before):
            request = await self.get(number)
            if request.status == "done":
                await self._redis.delete(keys.request(number), keys.call(request.call))
                await self._redis.zrem(keys.OPENED, number)
                deleted += 1
        return deleted

    async def _opened_before(self, moment: float) -> list[str]:
        found = await self._redis.zrangebyscore(keys.OPENED, "-inf", f"({moment}")
        return [_text(number) for number in cast("list[bytes | str]", found)]

    async def due(self, now: float, limit: int = 100) -> list[str]:
        """Numbers of requests with a deadline at `now` or before, earliest first."""
        found = await self._redis.zrangebyscore(keys.DUE, "-inf", now, start=0, num=limit)
        return [_text(number) for number in cast("list[bytes | str]", found)]

    async def proven(self, number: str, person: str) -> Request | None:
        """The request, told to nobody but its person: None when `person` (hash of a number) is another.

        After three wrong answers nobody is told anything for an hour: neither of this request, whoever asks, nor under
        this person's telephone, whichever request is asked about. Numbers of requests follow each other and a caller's
        own can be forged: neither may be tried out one by one against the other.
        """
        limits = (keys.wrong_proofs(number), keys.wrong_proofs(person))
        if any(int(count or 0) >= _MOST_WRONG_PROOFS for count in await self._redis.mget(limits)):
            return None
        try:
            request = await self.get(number)
        except RequestUnknown:
            request = None
        if request is not None and request.person and request.person == person:
            return request
        for limit in limits:
            await self._redis.incr(limit)
            await self._redis.expire(limit, _WRONG_PROOFS_SECONDS)
        return None

    async def _kept(self, request: Request) -> bool:
        next_due = min(request.deadlines.values(), default=None)
        return bool(
            await self._put(
                keys=[
                    keys.request(request.number),
                    keys.DUE,
                    keys.call(request.call),
                    keys.person(request.person),
                    keys.OPEN,
                    keys.LATE,
                    keys.OPENED,
                ],
                args=[
                    request.version,
                    orjson.dumps(to_mapping(request)),
                    request.number,
                    "" if next_due is None else next_due,
                    int(bool(request.person)),
                    request.opened,
                    int(request.status != "done"),
                    int(bool(request.late)),
                ],
            )
        )


def _request(number: str, version: bytes | str | None, text: bytes | str | None) -> Request:
    if version is None or text is None:
        raise RequestUnknown(f"there is no request {number}")
    return replace(from_mapping(orjson.loads(text)), version=int(version))


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
