"""The store's keys as lines of JSON, and back: what a backup holds of calls, requests, accounts and audit.

A running hotline is not held up: large streams go by pages. They are read last and up to a point that all fit, so that
nothing in the copy points at a record that it does not have; who is on the line in that second may lack a step.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ivr.errors import IvrError
from ivr.journal.keys import AUDIT_HEAD

EVERYTHING = "{ivr}:*"
_NOT_KEPT = (b"{ivr}:session:", b"{ivr}:invitation:")  # a copy must not let anybody in
_AT_ONCE = 500
_NO_ENTRY = "0-0"


async def dumped(redis: Redis) -> AsyncIterator[bytes]:
    """One line a key, or a page of a stream."""
    streams = []
    async for key in redis.scan_iter(EVERYTHING, count=_AT_ONCE):
        if key.startswith(_NOT_KEPT) or key == AUDIT_HEAD.encode():
            continue
        if await redis.type(key) == b"stream":
            streams.append(key)
        elif line := await _value(redis, key):
            yield line
    async with redis.pipeline(transaction=True) as together:
        together.dump(AUDIT_HEAD)
        for key in streams:
            together.xinfo_stream(key)
        head, *about = await together.execute()
    if head is not None:
        yield _line(AUDIT_HEAD.encode(), value=head)
    for key, known in zip(streams, about, strict=True):
        async for line in _pages(redis, key, known["last-generated-id"]):
            yield line


async def _value(redis: Redis, key: bytes) -> bytes | None:
    """None when it has gone meanwhile."""
    async with redis.pipeline(transaction=True) as together:
        together.dump(key)
        together.pexpiretime(key.decode())
        value, until = await together.execute()
    return None if value is None else _line(key, value=value, until=max(0, until))


async def _pages(redis: Redis, key: bytes, last: bytes) -> AsyncIterator[bytes]:
    begin = b"-"
    while page := cast("list[Any]", await redis.xrange(key, begin, last, count=_AT_ONCE)):
        entries = [[name.decode(), [_text(part) for pair in fields.items() for part in pair]] for name, fields in page]
        yield _line(key, entries=entries)
        begin = b"(" + page[-1][0]
    yield _line(key, last=last.decode())


def _line(key: bytes, *, value: bytes = b"", **facts: object) -> bytes:
    return orjson.dumps({"key": _text(key), "value": _text(value), **facts}) + b"\n"


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


async def is_empty(redis: Redis) -> bool:
    """Whether no hotline has written into it."""
    async for _ in redis.scan_iter(EVERYTHING, count=_AT_ONCE):
        return False
    return True


async def load(redis: Redis, lines: Iterable[bytes]) -> int:
    """Write the lines of `dumped` into an empty store; answers how many keys. IvrError when it refuses one."""
    keys = set[bytes]()
    for line in lines:
        row = orjson.loads(line)
        key = b64decode(row["key"])
        keys.add(key)
        try:
            await _write(redis, key, row)
        except ResponseError as error:
            raise IvrError(
                f"the store does not take {key.decode(errors='replace')}: {error}",
                hint="restore into a Valkey or Redis that is not older than the one of the backup",
            ) from error
    return len(keys)


async def _write(redis: Redis, key: bytes, row: dict[str, Any]) -> None:
    if "entries" in row:
        pipeline = redis.pipeline(transaction=False)
        for name, fields in row["entries"]:
            pipeline.execute_command("XADD", key, name, *map(b64decode, fields))
        await pipeline.execute()
    elif "last" in row:
        if row["last"] != _NO_ENTRY and not await redis.exists(key):  # a stream that is empty, but counts on
            await redis.xadd(key, {"": ""}, id=row["last"])
            await redis.xtrim(key, maxlen=0, approximate=False)
    else:
        await redis.restore(key, row.get("until", 0), b64decode(row["value"]), absttl=True)
