"""The journal's writer: `record` returns at once, a task brings the records to the store, in order, each of them once.

Batches are numbered and the store keeps each writer's last number (lua/append.lua), so a batch may be sent again after
a lost reply. While the store is away batches go to a spool file on disk and follow later. A store that comes back from
a crash without its last moments (append-only file synced once a second) says so by its number, and is sent them again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ivr.clock import Clock
from ivr.journal import privacy, wire
from ivr.journal.calls_written import CallsWritten
from ivr.journal.record import Record, Value, split
from ivr.journal.spool import Spool

_SCRIPT = (Path(__file__).parent / "lua" / "append.lua").read_text(encoding="utf-8")
_SLICE_RECORDS = 25  # encoded at a stretch: half a millisecond of the event loop
_BATCH_RECORDS = 200
_STORE_SECONDS = 2.0  # a store that takes longer for a batch is away
_RETRY_SECONDS = 0.25
_RESUME_SECONDS = 10.0
_KEPT_SECONDS = 3.0  # longer than the store may take to sync its append-only file
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """How the journal does: is the store there, records not yet in it (`waiting` in memory, `spooled` on disk), and
    `lost`: records given up because neither store nor disk took them. `reason`: why the store is away, or ""."""

    online: bool
    waiting: int
    spooled: int
    lost: int
    reason: str


class Journal:
    """Writer of the journal for one process. Use in one event loop; `start` before, `close` after."""

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        keyring: privacy.Keyring,
        spool_directory: Path,
        *,
        writer: str = "",
        memory_records: int = 100_000,
        log: structlog.typing.FilteringBoundLogger | None = None,
    ) -> None:
        self.writer = writer or secrets.token_hex(6)
        self._redis = redis
        self._clock = clock
        self._directory = spool_directory
        self._memory_records = memory_records
        self._log = log or structlog.get_logger("journal").bind()
        self._append = redis.register_script(_SCRIPT)
        self._calls = CallsWritten(redis, keyring, self.writer)
        self._waiting: deque[Record] = deque()  # numbered when they are encoded
        self._set_aside: deque[Record] = deque()  # of calls of others, whose last number only the store knows
        self._encoded: list[wire.Entry] = []  # the batch being made
        self._held: deque[wire.Batch] = deque()  # encoded, neither in the store nor on disk
        self._kept: deque[tuple[float, wire.Batch]] = deque()  # in the store, but perhaps not yet on its disk
        self._own = Spool.of(spool_directory, self.writer)
        self._spools: deque[Spool] = deque()  # to be replayed, in order
        self._spooled = 0
        self._number = 0
        self._lost = 0
        self._online = True
        self._reason = ""
        self._wake = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._recorded = self._safe = 0  # records taken, and those of them in the store or on disk
        self._settling: deque[tuple[int, asyncio.Future[None]]] = deque()

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Value] = _NOTHING,
        personal: Mapping[str, str] = _NOTHING,
    ) -> None:
        """Note that something happened, now; returns at once, never raises. `call` is "" for what concerns no call."""
        if len(self._waiting) + len(self._set_aside) >= self._memory_records:
            self._lost += 1
            return
        data, personal = split(kind, data, personal)
        wall, monotonic = self._clock.wall(), self._clock.monotonic()
        self._waiting.append(Record(call, 0, kind, path, wall, monotonic, data, personal))
        self._recorded += 1
        self._wake.set()

    async def settled(self) -> None:
        """Wait until all that has been recorded by now is in the store, or at least on disk."""
        if self._safe < self._recorded:
            safe = asyncio.get_running_loop().create_future()
            self._settling.append((self._recorded, safe))
            await safe

    async def resume(self, call: str) -> None:
        """Go on with a call that another writer began: its records here are numbered on from there.

        What other writers left on disk is brought to the store first; TimeoutError when that takes too long. Records
        of a call that this writer does not know do the same by themselves, when the store is there.
        """
        async with asyncio.timeout(_RESUME_SECONDS):
            await self.caught_up()
        await self._calls.go_on(call)

    async def caught_up(self) -> None:
        """Wait until everything that other writers left on disk is in the store."""
        await self._caught_up.wait()

    def seal(self, call: str, personal: Mapping[str, str], context: str) -> str:
        """Seal what is kept beside the journal under the call's own key: erasing the call's person erases it, too."""
        return privacy.seal(self._calls.data_key(call), personal, context)

    async def key_of(self, call: str) -> bytes:
        """The call's data key, whoever began the call; as `resume` when that was another writer."""
        if call not in self._calls:
            await self.resume(call)
        return self._calls.data_key(call)

    async def unseal(self, call: str, sealed: str, context: str) -> dict[str, str]:
        """What `seal` sealed, by whichever writer; `PersonalDataUnreadable` when the person has been erased since."""
        key = await self._calls.key_in_store(call)
        if key is None:
            raise privacy.PersonalDataUnreadable(f"what was personal in call {call} has been erased")
        return privacy.unseal(key, sealed, context)

    def health(self) -> JournalHealth:
        """How the journal does right now."""
        waiting = (
            len(self._waiting)
            + len(self._set_aside)
            + len(self._encoded)
            + sum(len(batch.entries) for batch in self._held)
        )
        return JournalHealth(self._online, waiting, self._spooled, self._lost, self._reason)

    async def start(self) -> None:
        """Begin to write; spool files of writers that are gone are brought to the store first."""
        self._spools.extend(await asyncio.to_thread(Spool.left_behind, self._directory))
        self._online = not self._spools
        if self._online:
            self._caught_up.set()
        self._task = asyncio.create_task(self._write(), name="journal writer")
        self._task.add_done_callback(self._ended)

    async def close(self, within_seconds: float = 5.0) -> None:
        """Bring what waits to the store, or when that takes too long, to disk."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_seconds)
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._to_disk()
        if self._set_aside:
            self._lost += len(self._set_aside)
            self._log.error("records of calls of another controller are lost: the store is away", records=self._lost)
        for spool in (*self._spools, self._own):
            spool.release()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.critical("the journal's writer failed: nothing is written any more", exc_info=error)

    async def _write(self) -> None:
        while not self._closing or (self._online and (self._waiting or self._held)):
            if self._online:
                await self._wake.wait()
                self._wake.clear()
            else:
                await self._to_disk()
                await self._come_back()
            while self._online and (self._held or self._waiting):
                if not self._held:
                    await self._encode()
                if self._held:
                    await self._to_store()
            if not self._online and not self._closing:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _to_store(self) -> None:
        """Send the oldest batch; on failure the store counts as away."""
        try:
            await self._send(self._held[0])
        except (RedisError, OSError, TimeoutError) as error:
            self._away(error)
        else:
            self._made_safe(self._held.popleft())

    def _made_safe(self, *batches: wire.Batch) -> None:
        self._safe += sum(len(batch.entries) for batch in batches)
        while self._settling and self._settling[0][0] <= self._safe:
            _, safe = self._settling.popleft()
            if not safe.done():
                safe.set_result(None)

    async def _send(self, batch: wire.Batch) -> None:
        """Own batches: one that finds the store behind is preceded by what the store has forgotten."""
        directly_after = bool(self._kept) and self._kept[-1][1].number == batch.number - 1
        said, mark = await self._run(self.writer, batch, directly_after=directly_after)
        if said == "behind":
            self._log.warning("the store has forgotten its last records: sending them again", from_batch=mark + 1)
            for _, kept in tuple(self._kept):
                if kept.number > mark:
                    await self._run(self.writer, kept)
            await self._run(self.writer, batch)
        now = self._clock.monotonic()
        self._kept.append((now, batch))
        while self._kept[0][0] < now - _KEPT_SECONDS:
            self._kept.popleft()

    async def _run(self, writer: str, batch: wire.Batch, *, directly_after: bool = False) -> tuple[str, int]:
        named, arguments = wire.arranged(writer, batch, directly_after=directly_after)
        async with asyncio.timeout(_STORE_SECONDS):
            said, mark = await self._append(keys=named, args=arguments)
        return said if isinstance(said, str) else said.decode(), int(mark)

    def _away(self, error: BaseException) -> None:
        reason = f"{type(error).__name__}: {error}"
        if reason != self._reason:
            self._log.warning("the store is away: records wait on disk", reason=reason)
        self._reason = reason
        if self._own not in self._spools:
            self._spools.append(self._own)
        self._online = False

    async def _to_disk(self) -> None:
        """Everything that waits goes to the spool file, or stays in memory when the disk refuses."""
        while (self._waiting or self._encoded) and len(self._held) * _BATCH_RECORDS < self._memory_records:
            await self._encode()
        if not self._held:
            return
        held = list(self._held)
        try:
            await asyncio.to_thread(self._own.append, held)
        except OSError as error:
            self._log.error("the disk does not take the journal", reason=str(error), directory=str(self._directory))
            return
        if self._own not in self._spools:
            self._spools.append(self._own)
        self._spooled += sum(len(batch.entries) for batch in held)
        self._held.clear()
        self._made_safe(*held)

    async def _come_back(self) -> None:
        """Replay the spool files; online again when all of them are in the store."""
        while self._spools:
            spool = self._spools[0]
            batches = spool.batches()
            try:
                while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                    await (self._send(batch) if spool is self._own else self._run(spool.writer, batch))
            except (RedisError, OSError, TimeoutError) as error:
                self._away(error)
                return
            await asyncio.to_thread(spool.remove)
            self._spools.popleft()
        self._spooled = 0
        self._online = True
        self._waiting.extendleft(reversed(self._set_aside))
        self._set_aside.clear()
        self._caught_up.set()
        if self._reason:
            self._log.info("the store is back: all records that waited are in it")
        self._reason = ""

    async def _encode(self) -> None:
        """Turn up to one batch of waiting records into `_held`, with a log line for each."""
        while self._waiting and len(self._encoded) < _BATCH_RECORDS:
            for _ in range(min(_SLICE_RECORDS, len(self._waiting))):
                record = self._waiting.popleft()
                if self._calls.may_go_on_elsewhere(record) and not await self._numbered_on(record.call):
                    self._set_aside.append(record)
                    continue
                self._encoded.append(self._calls.entry(record))
                self._log.info(record.kind, call=record.call, path=record.path, **record.data)
            if self._waiting:
                await asyncio.sleep(0)
        if self._encoded:
            self._number += 1
            self._held.append(wire.Batch(self._number, tuple(self._encoded)))
            self._encoded.clear()

    async def _numbered_on(self, call: str) -> bool:
        """Number the call on from the store, or as far as we know it; False when only the store could tell."""
        if self._online:
            try:
                async with asyncio.timeout(_STORE_SECONDS):
                    await self._calls.go_on(call)
            except (RedisError, OSError, TimeoutError) as error:
                self._away(error)
            except privacy.PersonalDataUnreadable as error:
                self._log.error("a call's journal goes on without its key", call=call, reason=error.what)
        return call in self._calls
