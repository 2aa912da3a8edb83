"""What a call needs of the rest of the engine, as small protocols that live parts, fakes and tests all fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ivr.call.effects import Effect, EnterQueue, Listen
from ivr.call.events import CallbackKept, CallbackRefused, CallId, Event, OfferEnd, Queued, QueueRefused
from ivr.clock import Clock
from ivr.dialplan.state import State
from ivr.errors import IvrError
from ivr.journal.record import Recorder
from ivr.line.asterisk import Line


class Dialogue(Protocol):
    """The dialplan of one call: takes an event, gives the effects; `finished` once nothing more will come."""

    @property
    def finished(self) -> bool: ...

    @property
    def topic(self) -> str: ...

    @property
    def state(self) -> State | None:
        """All that it takes to go on elsewhere; None when nothing can."""
        ...

    def step(self, event: Event) -> tuple[Effect, ...]: ...

    def resume(self) -> tuple[Effect, ...]:
        """Go on with a call that another controller began."""
        ...


class Ear(Protocol):
    """One call's place at a speech worker, which expects the caller's audio at `host:port`."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    def listen(self, request: Listen) -> None: ...

    def finish(self, listening: str) -> None: ...

    def stop(self, listening: str) -> None: ...

    def close(self) -> None: ...


class Speech(Protocol):
    async def open(self, call: CallId) -> Ear:
        """Take a place at a speech worker; `SpeechBusy` or `SpeechUnavailable` when there is none."""
        ...


class Offer(Protocol):
    """A call given to an operator by the router, committed in the store."""

    @property
    def offer(self) -> str:
        """The offer's id."""
        ...

    @property
    def operator(self) -> str: ...

    @property
    def ring_seconds(self) -> float: ...

    @property
    def reason(self) -> str: ...


class Queue(Protocol):
    """The router as one call sees it."""

    async def enter(
        self,
        call: CallId,
        wanted: EnterQueue,
        line: str,
        entered_at: float,
        *,
        preferred: str = "",
        caller_token: str = "",
        passed_by: str = "",
    ) -> Queued | QueueRefused: ...

    async def leave(self, call: CallId, reason: str, *, caller_token: str = "") -> object: ...

    def standing(self, call: CallId) -> Queued | None:
        """Position and expected wait as they are now; None when the call does not wait."""
        ...

    async def accepted(self, offer: Any) -> bool:
        """The operator took the call; False when the offer no longer holds."""
        ...

    async def declined(self, offer: Any, reason: OfferEnd) -> bool:
        """The operator did not take it; True: and gets no more calls before saying so."""
        ...

    async def talk_ended(self, call: CallId) -> object: ...

    async def ask_in(self, call: CallId, operator: str, *, answered: bool = False) -> bool:
        """Another operator is to ring for the talk, or has answered; False when that operator is not free."""
        ...

    async def let_go(self, call: CallId) -> object: ...

    async def passed_on(self, call: CallId) -> object: ...


class Promising(Protocol):
    """`call_backs.CallBacks.promise`, as one call sees it."""

    def __call__(
        self, call: CallId, number: str, line: str, wanted: EnterQueue, entered_wall: float, state: State | None
    ) -> Awaitable[CallbackKept | CallbackRefused]: ...


class CallerRecord(Protocol):
    """What the hotline knows of a caller without knowing who it is."""

    @property
    def token(self) -> str:
        """An opaque name, the same for each call from that number; "" when the number is withheld."""
        ...

    async def known_operator(self) -> str:
        """Who dealt with this caller's last request; "" when nobody did, or it can't be told in time."""
        ...


@dataclass(frozen=True, slots=True)
class Around:
    """What is going on beside a call: callers `waiting` by queue, and `notices` (prompts) that all are to hear."""

    waiting: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def _no_outside(number: str) -> str:
    raise IvrError(f'there is no outside number "{number}"', hint="name it as outside in config/ivr.yaml")


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything outside the call that a call uses."""

    line: Line
    speech: Speech
    queue: Queue
    journal: Recorder
    clock: Clock
    media: Callable[[str, str], str]
    """(language, prompt id) → Asterisk media address."""
    telephone: Callable[[str], str]
    """Operator's name → SIP account to ring."""
    recognise_caller: Callable[[CallId, str], CallerRecord]
    """(call, caller's number) → what is known of the caller."""
    around: Callable[[], Around]
    """What is going on beside the call, now."""
    look_up: Callable[[str, Mapping[str, str], str], Awaitable[Mapping[str, str | int | float | bool]]]
    """(service, arguments, caller's number) → what it found; raises `IvrError` when it cannot say."""
    rings_back: Callable[[str], bool] = lambda _: False
    """Caller's number → whether it could be rung back now."""
    promise: Promising | None = None
    """Lets a caller who waits hang up, to be rung back in turn."""
    outside: Callable[[str], str] = _no_outside
    """Id of a configured outside number → how to dial it; raises `IvrError` when there is none."""
