"""Live calls, written down for the controller that may have to take them over: who calls, and where in the plan.

What is kept is a value (`KeptCall`), sealed as a whole, because it holds the caller's number and answers. It is written
behind the call's back, the newest state only, and never before the journal's records of what led to it: a call that is
taken over may be asked something twice, but its journal has no hole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ivr.call.events import CallId
from ivr.call.remains import Inherited
from ivr.dialplan.state import State
from ivr.errors import StoreUnavailable
from ivr.journal.privacy import Keyring, PersonalDataUnreadable
from ivr.line.channels import IncomingCall

log = structlog.get_logger()

_STORE_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_KEY = "{ivr}:calls:kept"
_SCAN = 5000
_SLICE_CALLS = 25  # encoded at a stretch: a millisecond of the event loop


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call between two events. `version` is of the plans that it began with, 0 when unknown.

    `at_wall` and `at_monotonic` are the same moment by both clocks: the state's monotonic times mean nothing on another
    machine, or after a restart of this one.
    """

    call: CallId
    incoming: IncomingCall
    version: int
    state: State
    arrived_wall: float
    entered_wall: float | None
    at_wall: float
    at_monotonic: float


@dataclass(frozen=True, slots=True)
class Adopted:
    """A kept call on its way to a new session.

    `operator`, `connected_wall` and `talk_seconds`: of the talk that the call has had and that is over; none: "", None.
    """

    kept: KeptCall
    talk: Inherited | None = field(default=None, kw_only=True)
    """The talk, when it is not over."""
    operator: str = ""
    connected_wall: float | None = None
    talk_seconds: float | None = None


_KEPT = TypeAdapter(KeptCall)


class KeptCalls:
    """The calls of one controller; `settled` waits until the journal is as far as it has been told by now.

    `keep` and `forget` return at once; `run` writes until it is cancelled, `close` writes what is left.
    """

    def __init__(self, redis: Redis, keyring: Keyring, controller: str, settled: Callable[[], Awaitable[None]]) -> None:
        self._redis = redis
        self._keyring = keyring
        self._key = f"{_KEY}:{controller}"
        self._settled = settled
        self._changed: dict[CallId, KeptCall | None] = {}
        self._wake = asyncio.Event()

    def keep(self, kept: KeptCall) -> None:
        """This is how the call stands now."""
        self._changed[kept.call] = kept
        self._wake.set()

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self._changed[call] = None
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._write()
            except StoreUnavailable as error:
                log.warning("calls_not_kept", reason=error.what, calls=len(self._changed))
                await asyncio.sleep(_RETRY_SECONDS)
                self._wake.set()

    async def close(self) -> None:
        """Write what is left; a store that is away then keeps calls that are over, which the next start sees."""
        try:
            await self._write()
        except StoreUnavailable as error:
            log.warning("calls_not_kept", reason=error.what, calls=len(self._changed))

    async def load(self) -> Mapping[CallId, KeptCall]:
        """All that can be read: not what another key or an older program has written. Raises StoreUnavailable."""
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                rows = cast("dict[bytes, bytes]", await self._redis.hgetall(self._key))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"the calls of before are not to be had: {error}") from error
        found: dict[CallId, KeptCall] = {}
        for name, row in rows.items():
            call = CallId(name.decode())
            try:
                found[call] = _KEPT.validate_json(self._keyring.unwrap(row.decode(), f"kept/{call}"))
            except (PersonalDataUnreadable, ValidationError) as error:
                log.error("kept_call_unreadable", call=call, reason=type(error).__name__)
                self.forget(call)
        return found

    async def elsewhere(self) -> frozenset[CallId]:
        """Calls that other machines' controllers have in hand. Raises StoreUnavailable."""
        found: set[CallId] = set()
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                async for key in self._redis.scan_iter(f"{_KEY}:*", count=_SCAN):
                    if key.decode() != self._key:
                        names = cast("list[bytes]", await self._redis.hkeys(key))
                        found.update(CallId(name.decode()) for name in names)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"the calls of other machines are not to be had: {error}") from error
        return frozenset(found)

    async def _write(self) -> None:
        changed, self._changed = self._changed, {}
        if not changed:
            return
        try:
            await self._settled()
            pipeline = self._redis.pipeline(transaction=False)
            for number, (call, kept) in enumerate(changed.items(), 1):
                if kept is None:
                    pipeline.hdel(self._key, call)
                else:
                    pipeline.hset(self._key, call, self._keyring.wrap(_KEPT.dump_json(kept), f"kept/{call}"))
                if number % _SLICE_CALLS == 0:
                    await asyncio.sleep(0)
            async with asyncio.timeout(_STORE_SECONDS):
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._changed = {**changed, **self._changed}
            raise StoreUnavailable(f"the store does not answer: {error}") from error
