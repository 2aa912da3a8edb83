"""What one writer of the journal knows of each call: its last number, and the key that seals what is personal."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from redis.asyncio import Redis

from ivr.journal import keys, privacy, wire
from ivr.journal.kinds import KINDS
from ivr.journal.record import Record

_REMEMBERED_CALLS = 50_000
_OURS_SECONDS = 10.0  # after a call's end its journal may be gone on with elsewhere, by a command or another controller
_PAPERWORK = frozenset(name for name, kind in KINDS.items() if kind.subject == "request")


@dataclass(slots=True)
class _Call:
    sequence: int = 0
    data_key: bytes | None = None
    wrapped: str = ""  # set until it has been written with a record
    over_since: float | None = None


class CallsWritten:
    """Numbers and keys by call, the latest `_REMEMBERED_CALLS` of them. "" stands for what concerns no call."""

    def __init__(self, redis: Redis, keyring: privacy.Keyring, writer: str) -> None:
        self._redis = redis
        self._keyring = keyring
        self._writer = writer
        self._calls: OrderedDict[str, _Call] = OrderedDict()

    def __contains__(self, call: str) -> bool:
        return call in self._calls

    def data_key(self, call: str) -> bytes:
        """The key under which this writer seals what is personal in a call; it is written with the next record."""
        return self._key(self._call(call), call)

    async def key_in_store(self, call: str) -> bytes | None:
        """The call's key as whichever writer made it; None when nobody did, or the call's person has been erased."""
        wrapped = await self._redis.hget(keys.DATA_KEYS, call)
        if wrapped is None:
            return None
        return self._keyring.unwrap(wrapped if isinstance(wrapped, str) else wrapped.decode(), call)

    async def go_on(self, call: str) -> None:
        """Number the call on from the last record in the store, with the key that it has there.

        `PersonalDataUnreadable` when that key is not for us; the call is numbered on all the same.
        """
        count = await self._redis.llen(keys.call(call))
        state = self._call(call)
        state.sequence = max(state.sequence, count)  # some of our own may still be on their way there
        if not state.wrapped:
            state.data_key = await self.key_in_store(call) or state.data_key

    def may_go_on_elsewhere(self, record: Record) -> bool:
        """May another writer have written of this call what we do not know of?"""
        if not record.call or record.kind == "arrived":
            return False
        state = self._calls.get(record.call)
        if state is None:
            return True
        return state.over_since is not None and record.monotonic_seconds - state.over_since > _OURS_SECONDS

    def entry(self, unnumbered: Record) -> wire.Entry:
        """The record with its number, as it is written; with what is personal sealed."""
        state = self._call(unnumbered.call)
        state.sequence += 1
        record = replace(unnumbered, sequence=state.sequence)
        if record.kind == "ended":
            state.over_since = record.monotonic_seconds
        owner = record.call or self._writer  # whose data key it is
        if record.personal:
            self._key(state, owner)
        text = wire.encode(record, state.data_key, owner)
        wrapped, state.wrapped = state.wrapped, ""
        caller = record.personal.get("caller", "") if record.call else ""
        return wire.Entry(
            record.call,
            repr(record.wall_seconds),
            record.sequence == 1 and record.kind not in _PAPERWORK,
            owner,
            wrapped,
            self._keyring.person(caller) if caller else "",
            record.kind,
            text,
        )

    def _key(self, state: _Call, owner: str) -> bytes:
        if state.data_key is None:
            state.data_key = privacy.new_data_key()
            state.wrapped = self._keyring.wrap(state.data_key, owner)
        return state.data_key

    def _call(self, call: str) -> _Call:
        state = self._calls.get(call)
        if state is None:
            state = self._calls[call] = _Call()
            if len(self._calls) > _REMEMBERED_CALLS:
                self._calls.popitem(last=False)
        else:
            self._calls.move_to_end(call)
        return state
