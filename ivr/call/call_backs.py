"""The promise to ring a caller back, and all that keeping it needs of the router, the journal and the line.

A call of its own takes over the place in the queue. Whom to ring is sealed in the store under that call's key: it
survives a restart, and whoever erases the person erases it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol

from ivr.call.effects import EnterQueue
from ivr.call.events import CallbackKept, CallbackRefused, CallId
from ivr.call.identity import new_call_id
from ivr.clock import Clock
from ivr.dialplan.state import State, dumped
from ivr.errors import IvrError
from ivr.hours import Hours, Spans
from ivr.journal.record import Recorder
from ivr.line.outside import Outside
from ivr.queue.model import CallbackMissed, Offer, Refused
from ivr.routing.callbacks import TRIES, callers_hours


class Places(Protocol):
    """The router, as far as it keeps places for callers who have hung up."""

    async def request_callback(self, call: CallId, call_back: CallId, sealed: str, hours: Hours) -> bool: ...

    async def callback_missed(self, offer: Offer, hours: Hours) -> CallbackMissed | Refused: ...

    async def leave(self, call: CallId, reason: str) -> object: ...


class Sealing(Recorder, Protocol):
    """The journal, as far as it seals what is kept beside it."""

    def seal(self, call: str, personal: Mapping[str, str], context: str) -> str: ...

    async def unseal(self, call: str, sealed: str, context: str) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Promise:
    """Whom to ring, and what it was about. `of`: the call in which it was given; `entered_wall`: Unix time of the place
    in the queue; `state`: where that call was in its plan, as JSON, "" when it was in none."""

    number: str
    line: str
    of: str
    topic: str
    entered_wall: float
    state: str = ""


class CallBacks:
    """`hours`: when callers may be rung, by their own clocks."""

    def __init__(self, places: Places, sealing: Sealing, outside: Outside, clock: Clock, hours: Spans) -> None:
        self._places = places
        self._sealing = sealing
        self._outside = outside
        self._clock = clock
        self._hours = hours

    def possible(self, number: str) -> bool:
        """Whether a caller with this number could be rung back at this time of day."""
        if self._outside.caller(number) is None:
            return False
        return self.hours(number).open_at(datetime.fromtimestamp(self._clock.wall(), UTC))

    def hours(self, number: str) -> Hours:
        """When this number may be rung."""
        return callers_hours(number, self._hours)

    def endpoint(self, number: str) -> str | None:
        """How to ring it; None when that is not allowed any more."""
        return self._outside.caller(number)

    async def promise(
        self, call: CallId, number: str, line: str, wanted: EnterQueue, entered_wall: float, state: State | None
    ) -> CallbackKept | CallbackRefused:
        """Let the caller of `call`, who waits, hang up and be rung at `number` in turn."""
        if not self.possible(number):
            return CallbackRefused("not_rung")
        name = new_call_id(self._clock.wall(), secrets.randbits(20))
        kept = Promise(number, line, call, wanted.topic, entered_wall, dumped(state).decode() if state else "")
        facts: dict[str, str | float] = {
            "of": call,
            "line": line,
            "queue": wanted.queue,
            "topic": wanted.topic,
            "language": wanted.language,
            "waited_seconds": round(self._clock.wall() - entered_wall, 3),
        }
        sealed = self._sealing.seal(name, {"promise": json.dumps(asdict(kept))}, _context(name))
        try:
            if not await self._places.request_callback(call, name, sealed, self.hours(number)):
                return CallbackRefused("answering")
        except IvrError:
            return CallbackRefused("queue_away")
        self._sealing.record(name, "promised", "", facts, {"caller": number})
        return CallbackKept(name)

    async def opened(self, offer: Offer) -> Promise:
        """The promise that this offer is to keep; `PersonalDataUnreadable` when the person has been erased since."""
        kept = await self._sealing.unseal(offer.call, offer.callback, _context(offer.call))
        return Promise(**json.loads(kept["promise"]))

    async def missed(self, offer: Offer, number: str) -> int:
        """The caller did not answer; how many tries remain."""
        answer = await self._places.callback_missed(offer, self.hours(number))
        if isinstance(answer, CallbackMissed) and answer.given_up:
            return 0
        return max(1, TRIES - offer.tries - 1)

    async def give_up(self, call: CallId) -> None:
        """The promise cannot be kept."""
        await self._places.leave(call, "promise_unreadable")


def _context(call: str) -> str:
    return f"callback {call}"
