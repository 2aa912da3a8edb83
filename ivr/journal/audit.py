"""Who looked at or changed what: a log of access in which nothing can be changed or left out unnoticed.

Each entry carries a keyed hash over itself and the hash of the entry before. Whoever writes to the store without the
master keys cannot make such a hash. Cutting entries off the end shows in the head that is noted elsewhere (`verify`
takes one); a purge of old entries is an entry itself and says where the chain begins from then on.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import orjson
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from ivr.clock import Clock
from ivr.errors import IvrError
from ivr.journal import keys
from ivr.journal.privacy import Keyring

_APPEND = (Path(__file__).parent / "lua" / "audit.lua").read_text(encoding="utf-8")
_TRIES = 50
_PAGE = 500
_BLOCK_MILLISECONDS = 1000
_FIRST = "0" * 64
_PURGED = "audit_purged"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`who` did `action` to `subject` (a call, a request, an account…) at `wall_seconds`; `facts` name no caller."""

    wall_seconds: float
    who: str
    action: str
    subject: str
    facts: Mapping[str, str]
    before: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """`broken` says what is wrong and where, "" when the chain holds; `head` is the hash of the last entry."""

    entries: int
    head: str
    broken: str = ""


class AuditLog:
    """The log in the store."""

    def __init__(self, redis: Redis, keyring: Keyring, clock: Clock) -> None:
        self._redis = redis
        self._key = hmac.new(keyring.lookup, b"audit", hashlib.sha256).digest()
        self._clock = clock
        self._append = redis.register_script(_APPEND)
        self._turn = asyncio.Lock()

    async def note(self, who: str, action: str, subject: str = "", facts: Mapping[str, str] | None = None) -> str:
        """Write one entry and return its hash; what was asked for must not happen when this fails."""
        # in turn: a whole shift whose pages come back at once would get in its own way; tries are for other processes
        async with self._turn:
            for _ in range(_TRIES):
                before = _text(await self._redis.get(keys.AUDIT_HEAD) or _FIRST)
                text = orjson.dumps([round(self._clock.wall(), 3), who, action, subject, dict(facts or {})]).decode()
                made = self._hash(before, text)
                if await self._append(keys=[keys.AUDIT, keys.AUDIT_HEAD], args=[before, made, text, _FIRST]):
                    return made
        raise IvrError("the audit log is written by too many at once", hint="try again")

    async def entries(self, since_seconds: float = 0.0) -> AsyncGenerator[AuditEntry]:
        """Entries from `since_seconds` (Unix time) on, oldest first."""
        start = f"{int(since_seconds * 1000)}"
        while page := await self._page(start):
            for _, entry in page:
                yield entry
            start = f"({page[-1][0]}"

    async def follow(self) -> AsyncGenerator[AuditEntry]:
        """Every entry from now on, as it is written, until closed."""
        last = await self._redis.xrevrange(keys.AUDIT, count=1)
        position = _text(cast("list[tuple[bytes, object]]", last)[0][0]) if last else "0"
        while True:  # until closed
            try:
                found = await self._redis.xread({keys.AUDIT: position}, count=1, block=_BLOCK_MILLISECONDS)
            except RedisTimeoutError:
                continue
            if found:
                for entry_id, entry in await self._page(f"({position}"):
                    position = entry_id
                    yield entry

    async def verify(self, head: str = "") -> Verified:
        """Walk the whole chain. `head`: a hash noted earlier that must be in it, so that cutting off the end shows."""
        count, before, seen_head = 0, "", not head
        begins = await self._beginning()
        async for entry in self.entries():
            where = f"entry {count + 1} ({entry.who}, {entry.action})"
            if count == 0 and entry.before != begins:
                return Verified(count, before, f"{where}: entries before it are missing")
            if count and entry.before != before:
                return Verified(count, before, f"{where}: does not follow the entry before it")
            if self._hash(entry.before, _canonical(entry)) != entry.hash:
                return Verified(count, before, f"{where}: was changed")
            count, before = count + 1, entry.hash
            seen_head = seen_head or entry.hash == head
        if before and _text(await self._redis.get(keys.AUDIT_HEAD) or b"") != before:
            return Verified(count, before, "the end of the log is missing")
        if not seen_head:
            return Verified(count, before, "the noted head is missing: the log was cut off or begun anew")
        return Verified(count, before)

    async def purge(self, older_than_seconds: float) -> int:
        """Delete entries made before that moment (Unix time), and write down that it was done; returns how many."""
        gone = [entry async for entry in self.entries() if entry.wall_seconds < older_than_seconds]
        if not gone:
            return 0
        first_kept = [entry_id for entry_id, entry in await self._all() if entry.wall_seconds >= older_than_seconds]
        await self.note("system", _PURGED, facts={"entries": str(len(gone)), "begins_after": gone[-1].hash})
        kept = first_kept[0] if first_kept else (await self._all())[-1][0]
        await self._redis.xtrim(keys.AUDIT, minid=kept, approximate=False)
        return len(gone)

    async def _beginning(self) -> str:
        """The hash that the first entry must follow: where the last purge ended."""
        begins = _FIRST
        async for entry in self.entries():
            if entry.action == _PURGED and entry.who == "system":
                begins = entry.facts["begins_after"]
        return begins

    async def _all(self) -> list[tuple[str, AuditEntry]]:
        found: list[tuple[str, AuditEntry]] = []
        start = "-"
        while page := await self._page(start):
            found += page
            start = f"({page[-1][0]}"
        return found

    async def _page(self, start: str) -> list[tuple[str, AuditEntry]]:
        raw = await self._redis.xrange(keys.AUDIT, start, count=_PAGE)
        page = cast("list[tuple[bytes | str, dict[bytes | str, bytes | str]]]", raw)
        return [(_text(entry_id), _entry(fields)) for entry_id, fields in page]

    def _hash(self, before: str, text: str) -> str:
        return hmac.new(self._key, f"{before}{text}".encode(), hashlib.sha256).hexdigest()


def _canonical(entry: AuditEntry) -> str:
    return orjson.dumps([entry.wall_seconds, entry.who, entry.action, entry.subject, dict(entry.facts)]).decode()


def _entry(fields: Mapping[bytes | str, bytes | str]) -> AuditEntry:
    held = {_text(name): _text(value) for name, value in fields.items()}
    wall_seconds, who, action, subject, facts = orjson.loads(held["entry"])
    return AuditEntry(wall_seconds, who, action, subject, facts, held["before"], held["hash"])


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
