"""The journal's readers: one call, the calls of a time, everything as it happens.

Personal facts come masked unless the reader was told to `reveal` them, and not at all once they were erased.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from ivr.journal import keys, privacy, wire
from ivr.journal.record import Record

_PAGE = 500
_BLOCK_MILLISECONDS = 1000
_ERASED = "(erased)"

_Fields = dict[bytes | str, bytes | str]
_Entry = tuple[bytes | str, _Fields]


class JournalReader:
    """Reads the journal; `keyring` opens what is sealed (without one it is left out), `reveal` shows it in full."""

    def __init__(self, redis: Redis, keyring: privacy.Keyring | None, *, reveal: bool = False) -> None:
        self._redis = redis
        self._keyring = keyring
        self._reveal = reveal

    async def read(self, call: str, skip: int = 0) -> list[Record]:
        """All records of one call in order, in time proportional to their number; empty when there is no such call.

        `skip`: without so many, for whoever has the first ones already.
        """
        ids = await self._redis.lrange(keys.call(call), skip, -1)
        pipeline = self._redis.pipeline(transaction=False)
        for entry_id in ids:
            pipeline.xrange(keys.STREAM, entry_id, entry_id)
        found = cast("list[list[_Entry]]", await pipeline.execute()) if ids else []
        return await self._decoded([entry for entries in found for entry in entries])

    async def calls(self, since_seconds: float = 0.0, limit: int = 100) -> list[str]:
        """Ids of the newest `limit` calls that arrived at `since_seconds` (Unix time) or later, newest first."""
        found = await self._redis.zrevrangebyscore(keys.CALLS, "+inf", since_seconds, start=0, num=limit)
        return [_text(name) for name in cast("list[bytes | str]", found)]

    async def since(self, since_seconds: float, until: str = "+") -> AsyncGenerator[Record]:
        """All records made at `since_seconds` (Unix time) or later, up to a `position`, as they reached the store.

        Those that had to wait for the store come later than they happened: their `wall_seconds` say when.
        """
        start = f"{max(0, int(since_seconds * 1000))}"
        while page := cast("list[_Entry]", await self._redis.xrange(keys.STREAM, start, until, count=_PAGE)):
            for record in await self._decoded(page):
                if record.wall_seconds >= since_seconds:
                    yield record
            start = f"({_text(page[-1][0])}"

    async def data_key(self, call: str) -> bytes:
        """The key under which everything personal of the call is sealed; `PersonalDataUnreadable` once it is erased."""
        found = await self._data_keys(self._keyring, [call]) if self._keyring is not None else {}
        if call not in found:
            raise privacy.PersonalDataUnreadable(f"there is no key to what was personal in call {call}: it was erased")
        return found[call]

    async def position(self) -> str:
        """Where the journal ends right now."""
        last = cast("list[_Entry]", await self._redis.xrevrange(keys.STREAM, count=1))
        return _text(last[0][0]) if last else "0"

    async def follow(self, position: str = "") -> AsyncGenerator[Record]:
        """Every record after `position`, or from now on, as it reaches the store; ends when the caller stops asking."""
        position = position or await self.position()
        while True:  # until closed
            try:
                found = cast(
                    "Sequence[tuple[Any, list[_Entry]]] | dict[Any, Any] | None",
                    await self._redis.xread({keys.STREAM: position}, count=_PAGE, block=_BLOCK_MILLISECONDS),
                )
            except RedisTimeoutError:  # the client's own limit is shorter than the wait: nothing came
                continue
            for entry in _entries(found):
                position = _text(entry[0])
                for record in await self._decoded([entry]):
                    yield record

    async def _decoded(self, entries: Sequence[_Entry]) -> list[Record]:
        texts = [{_text(name): _text(value) for name, value in fields.items()} for _, fields in entries]
        return await self.opened([wire.decode(fields["call"], fields["kind"], fields["record"]) for fields in texts])

    async def opened(self, decoded: Sequence[wire.Decoded]) -> list[Record]:
        """The records with their personal facts as this reader may show them."""
        keyring = self._keyring
        if keyring is None:
            return [each.record for each in decoded]
        data_keys = await self._data_keys(keyring, {each.owner for each in decoded if each.sealed})
        return [self._with_personal(each, data_keys.get(each.owner)) for each in decoded]

    async def _data_keys(self, keyring: privacy.Keyring, owners: Iterable[str]) -> dict[str, bytes]:
        names = list(owners)
        if not names:
            return {}
        wrapped = await self._redis.hmget(keys.DATA_KEYS, names)
        return {
            name: keyring.unwrap(_text(key), name) for name, key in zip(names, wrapped, strict=True) if key is not None
        }

    def _with_personal(self, decoded: wire.Decoded, data_key: bytes | None) -> Record:
        if not decoded.sealed:
            return decoded.record
        if data_key is None:
            return replace(decoded.record, personal={"sealed": _ERASED})
        record = wire.opened(decoded, data_key)
        if self._reveal:
            return record
        shown = {name: privacy.masked(name, value) for name, value in record.personal.items()}
        return replace(record, personal=shown)


def _entries(found: Sequence[tuple[Any, list[_Entry]]] | dict[Any, Any] | None) -> list[_Entry]:
    """The entries of an XREAD answer, whichever protocol version shaped it."""
    if not found:
        return []
    if isinstance(found, dict):
        return [entry for pages in found.values() for page in pages for entry in page]
    return [entry for _, page in found for entry in page]


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
