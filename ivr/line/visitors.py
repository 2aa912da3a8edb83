"""Callers who come by the public page: whom an account of Asterisk's is lent, for one call to our own line.

The accounts are made beforehand, as many as may call at once (`asterisk/hotline/pjsip.conf.j2`), and have no password:
nobody can use them. A visit gives one a password for as long as it takes to call and talk; afterwards it is deleted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import structlog
from redis.exceptions import RedisError

from ivr.clock import Clock
from ivr.errors import IvrError
from ivr.line.ari import Ari
from ivr.line.channels import IncomingCall
from ivr.line.softphone import give_password, take_password

log = structlog.get_logger()

UNUSED_SECONDS = 60.0
"""Whoever has an account and does not call within this loses it; a person may be asked for the microphone meanwhile."""
TAKE_OVER_SECONDS = 10.0
"""So long a page that nobody knows waits for the visits of a controller of before."""
KEPT_SECONDS = 900.0
"""So long after a call its page may still rate it, or call again in the same place of the queue."""
_CODE_DIGITS = 10
_READ_SECONDS = 2.0
_LONGEST_SLEEP_SECONDS = 3600.0

Phase = Literal["calling", "menu", "waiting", "ringing", "talking", "held", "after", "over"]
_PHASES: Mapping[str, Phase] = {
    "arrived": "menu",
    "queued": "waiting",
    "queue_refused": "menu",
    "unqueued": "menu",
    "offered": "ringing",
    "offer_ended": "waiting",
    "connected": "talking",
    "held": "held",
    "asked_in": "held",
    "resumed": "talking",
    "asked_in_ended": "talking",
    "conferenced": "talking",
    "transferred": "held",
    "talk_ended": "after",
    "ended": "over",
}
_MOVES_THE_QUEUE = frozenset({"queued", "unqueued", "connected", "talk_ended", "left", "overruled", "ended"})


class Step(Protocol):
    """A record of a call."""

    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


ReadSteps = Callable[[str], Awaitable[Sequence[Step]]]


class VisitRefused(IvrError):
    """No call from the page now: it is calling already, or all accounts are lent."""


@dataclass(slots=True, eq=False)
class Visit:
    """One person's visit: `token` is known to its page alone, `account` is lent for a call ("" between two).

    `ticket` leads the page's telephone to Asterisk, `code` are ten digits that prove later on who called. The rest is
    about the latest call: `request` its request's number, `talked` and `rated` whether there was a talk and a mark.
    """

    token: str
    ticket: str
    code: str
    topic: str = "none"
    language: str = ""
    account: str = ""
    channel: str = ""
    call: str = ""
    phase: Phase = "calling"
    operator: str = ""
    request: str = ""
    talked: bool = False
    rated: bool = False
    until: float | None = None
    watchers: set[asyncio.Event] = field(default_factory=set)

    def begin(self, account: str, topic: str, language: str) -> None:
        """Another call."""
        self.account, self.topic, self.language, self.phase = account, topic, language, "calling"
        self.channel = self.call = self.operator = self.request = ""
        self.talked = self.rated = False

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """Its call has made a step."""
        self.phase = _PHASES.get(kind, self.phase)
        match kind:
            case "connected":
                self.operator, self.talked = str(data.get("operator", "")), True
            case "transferred" if data.get("to") == "operator":
                self.operator = str(data.get("target", ""))
            case "request_opened":
                self.request = str(data.get("request", ""))
            case "rated":
                self.rated = True

    def changed(self) -> None:
        """Whoever watches the visit has to look again."""
        for event in self.watchers:
            event.set()

    async def watch(self) -> AsyncGenerator[None]:
        """Yields at once, and then whenever something has changed, until closed."""
        changed = asyncio.Event()
        self.watchers.add(changed)
        try:
            while True:
                yield
                await changed.wait()
                changed.clear()
        finally:
            self.watchers.discard(changed)


class Visitors:
    """`accounts`: those that may be lent. `run` takes back what is due; it must be running for the rest."""

    def __init__(self, ari: Ari, clock: Clock, accounts: Sequence[str]) -> None:
        self._ari = ari
        self._clock = clock
        self._free = deque(accounts)
        self._visits: dict[str, Visit] = {}
        self._borrowers: dict[str, Visit] = {}
        self._wake = asyncio.Event()
        self.complete = asyncio.Event()
        """Set once the visits of a controller of before are known, too."""

    async def find(self, token: str) -> Visit | None:
        """As `of`; right after a start it waits until it is known who was here before."""
        if token and token not in self._visits:
            with suppress(TimeoutError):
                async with asyncio.timeout(TAKE_OVER_SECONDS):
                    await self.complete.wait()
        return self.of(token)

    def of(self, token: str) -> Visit | None:
        """The visit whose page knows this."""
        return self._visits.get(token)

    def of_ticket(self, ticket: str) -> Visit | None:
        """The visit that calls, or may call, with this."""
        return next((visit for visit in self._borrowers.values() if visit.ticket == ticket), None)

    @property
    def free(self) -> int:
        """How many more may call."""
        return len(self._free)

    async def begin(self, topic: str, before: str = "", language: str = "") -> tuple[Visit, str]:
        """A visit with an account, and the account's password, for a call about that topic in the page's language.

        `before`: the token of a visit to go on with, for the same code and place in the queue. Raises `VisitRefused`;
        other IvrErrors when Asterisk does not do it.
        """
        visit = self._visits.get(before) or Visit(secrets.token_urlsafe(24), secrets.token_urlsafe(24), _new_code())
        if visit.channel and visit.account:
            raise VisitRefused("this page is calling already", hint="end that call first")
        if not (visit.account or self._free):
            raise VisitRefused("all places for calls from browsers are taken", hint="try again in a minute")
        visit.begin(visit.account or self._free.popleft(), topic, language)
        visit.until = self._clock.monotonic() + UNUSED_SECONDS
        self._visits[visit.token] = self._borrowers[visit.account] = visit
        try:
            password = await give_password(self._ari, visit.account)
        except BaseException:
            self._give_back(visit)
            raise
        self._wake.set()
        return visit, password

    def arrived(self, account: str, channel: str) -> Visit | None:
        """A call came in from that account. None: it is not lent, or is in a call already; let the channel go."""
        visit = self._borrowers.get(account)
        if visit is None or visit.channel:
            return None
        visit.channel, visit.until = channel, None
        return visit

    async def take_over(self, calls: Iterable[tuple[str, IncomingCall]], read: ReadSteps) -> None:
        """Calls that began with a controller that died; those from the page are found again by what the page knows."""

        async def known(call: str) -> Sequence[Step]:
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    return await read(call)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("visit_half_known", call=call, reason=type(error).__name__)  # told from here on
                return ()

        ours = [(call, incoming) for call, incoming in calls if incoming.token]
        # All at once: with the store away the line would wait that long for each.
        for (call, incoming), steps in zip(ours, await asyncio.gather(*(known(call) for call, _ in ours)), strict=True):
            if incoming.account in self._free:
                self._go_on(call, incoming, steps)
        self.complete.set()

    def _go_on(self, call: str, incoming: IncomingCall, steps: Iterable[Step]) -> None:
        account = incoming.account
        self._free.remove(account)
        visit = Visit(incoming.token, incoming.ticket, incoming.code)
        visit.begin(account, incoming.topic, incoming.language)
        visit.channel, visit.call = incoming.channel, call
        for step in steps:
            visit.take(step.kind, step.data)
        self._visits[visit.token] = self._borrowers[account] = visit

    def call_over(self, visit: Visit) -> None:
        """Its call has ended, or did not come about: the account is taken back at once."""
        visit.phase, visit.until = "over", self._clock.monotonic()
        self._wake.set()
        visit.changed()

    def observe(self, call: str, kind: str, data: Mapping[str, Any]) -> None:
        """A call, of whomever, has made a step. Never blocks."""
        moves = kind in _MOVES_THE_QUEUE
        for visit in self._visits.values():
            if call and visit.call == call:
                visit.take(kind, data)
                visit.changed()
                if kind == "ended":
                    self.call_over(visit)
            elif moves and visit.phase == "waiting":
                visit.changed()

    async def run(self) -> None:
        """Take back accounts, and forget visits, as each is due; until cancelled."""
        while True:
            now = self._clock.monotonic()
            self._wake.clear()
            for visit in [each for each in self._visits.values() if each.until is not None and each.until <= now]:
                if visit.account:
                    await self._take_back(visit)
                    visit.phase, visit.until = "over", now + KEPT_SECONDS
                else:
                    del self._visits[visit.token]
                visit.changed()
            due = [each.until for each in self._visits.values() if each.until is not None]
            try:
                async with asyncio.timeout(max(0.05, min(due, default=now + _LONGEST_SLEEP_SECONDS) - now)):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _take_back(self, visit: Visit) -> None:
        account = visit.account
        try:
            await take_password(self._ari, account)
        except IvrError as error:
            # what it is worth is nothing: whoever calls by it is nobody's visit
            log.warning("password_not_taken", account=account, reason=error.what)
        self._give_back(visit)

    def _give_back(self, visit: Visit) -> None:
        account, visit.account = visit.account, ""
        del self._borrowers[account]
        self._free.append(account)


def _new_code() -> str:
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"
