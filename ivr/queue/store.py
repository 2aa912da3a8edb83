"""The queue in Redis: one atomic Lua command a transition.

Every refusal is a value (`Refused`), because losing a race is ordinary. Every command may raise StoreUnavailable.
Times are Unix seconds by the caller's clock; they are kept to the millisecond.

Give it a client with `socket_timeout=None`: the client's own timeout sends through `asyncio.wait_for`, which on Python
3.11 can lose a cancellation, and the waits here have their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from redis.asyncio import Redis

from ivr.call.events import CallId, OfferEnd
from ivr.queue import keys, rows
from ivr.queue.feed import QueueFeed
from ivr.queue.learning import Learning
from ivr.queue.model import (
    CallbackMissed,
    Change,
    Done,
    Entered,
    Following,
    Leading,
    Left,
    Offer,
    OfferDeclined,
    QueuedCall,
    Refused,
)
from ivr.queue.order import Entry
from ivr.queue.presence import Presence
from ivr.queue.scripts import COMMAND_SECONDS, Scripts

CALLER_RING_SECONDS = 25.0
"""How long a caller's telephone rings when it is rung back; the operator has picked up before and waits so long."""


class QueueStore:
    """The queue's commands; `feed` reads its rows and changes, `presence` knows which controllers there are,
    `learning` what the one before had learnt."""

    def __init__(
        self,
        redis: Redis,
        caller_ring_seconds: float = CALLER_RING_SECONDS,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        """`caller_ring_seconds`: how much longer an offer holds when the caller has to be rung, too."""
        self._caller_ring_seconds = caller_ring_seconds
        self.feed = QueueFeed(redis)
        self.presence = Presence(redis)
        self.learning = Learning(redis)
        self._scripts = Scripts(redis, command_seconds)

    def tell_commits(self, on_commit: Callable[[Entry], None]) -> None:
        """Call `on_commit` with what a command of ours has changed, before its answer is given; it must not block."""
        self._scripts.on_commit = on_commit

    async def enter(self, call: QueuedCall, caller_token: str = "") -> Entered | Refused:
        """Put the call in its queue; `caller_token` (opaque) gives a caller who was cut off the place back."""
        call = replace(call, entered_at=_milli(call.entered_at), place=_milli(call.place), rank=_milli(call.rank))
        place_key = keys.place(caller_token) if caller_token else ""
        answer = await self._scripts.run("enter", rows.call_json(call), place_key)
        return _refused(answer) or Entered(position=answer["position"], place=answer["place"])

    async def offer(
        self, offer: Offer, *, epoch: int, now: float, at_most: int = 1, reason: str = "", by: str = ""
    ) -> Done | Refused:
        """Let the call ring at the operator; `reason` (JSON) is kept with it, `at_most` operators ring at a time.

        `by` names a person who pulls the call to the operator; no epoch is needed then (0).
        """
        answer = await self._scripts.run(
            "offer",
            epoch,
            offer.call,
            offer.operator,
            offer.offer,
            _milli(now),
            _milli(now + offer.ring_seconds),
            at_most,
            reason,
            by,
            self._caller_ring_seconds,
        )
        return _refused(answer) or Done()

    async def accept(self, offer: Offer, *, now: float) -> Done | Refused:
        """The operator took it: from now on they talk."""
        answer = await self._scripts.run("accept", offer.call, offer.operator, offer.offer, _milli(now))
        return _refused(answer) or Done()

    async def decline(
        self, offer: Offer, end: OfferEnd, *, now: float, misses_allowed: int, not_again_until: float
    ) -> OfferDeclined | Refused:
        """The offer ended without a talk; `misses_allowed` unanswered rings in a row pause the operator."""
        answer = await self._scripts.run(
            "decline",
            offer.call,
            offer.operator,
            offer.offer,
            end,
            _milli(now),
            misses_allowed,
            _milli(not_again_until),
        )
        return _refused(answer) or OfferDeclined(paused=answer["paused"])

    async def leave(
        self, call: CallId, *, now: float, wrap_up_seconds: float = 0, caller_token: str = "", keep_seconds: int = 0
    ) -> Left:
        """Take the call out, whatever it is doing; with `keep_seconds` the caller has the place back that long."""
        place_key = keys.place(caller_token) if caller_token and keep_seconds else ""
        answer = await self._scripts.run("leave", call, _milli(now), wrap_up_seconds, place_key, keep_seconds)
        return Left(known=answer["left"])

    async def end_talk(self, call: CallId, *, now: float, wrap_up_seconds: float) -> Done | Refused:
        """They have parted; the operator writes down the result for `wrap_up_seconds`, then is free."""
        return _done(await self._scripts.run("end_talk", call, _milli(now), wrap_up_seconds))

    async def ask_in(
        self, call: CallId, operator: str, state: Literal["offered", "talking"], *, now: float
    ) -> Done | Refused:
        """A further operator rings for a talk (`offered`), then takes part in it (`talking`)."""
        return _done(await self._scripts.run("ask_in", call, operator, state, _milli(now)))

    async def let_go(self, call: CallId, *, now: float) -> Done | Refused:
        """Who was asked in is free again."""
        return _done(await self._scripts.run("let_go", call, _milli(now)))

    async def pass_on(self, call: CallId, *, now: float, wrap_up_seconds: float) -> Done | Refused:
        """Who was asked in takes the talk over."""
        return _done(await self._scripts.run("pass_on", call, _milli(now), wrap_up_seconds))

    async def ready(self, operator: str, *, now: float) -> Done | Refused:
        """The operator takes calls from now on."""
        return _done(await self._scripts.run("ready", operator, _milli(now)))

    async def pause(self, operator: str, reason: str, *, now: float) -> Done | Refused:
        """The operator takes no calls for a while; a talk goes on, a ring is withdrawn."""
        return _done(await self._scripts.run("pause", operator, reason, _milli(now)))

    async def sign_out(self, operator: str, *, now: float) -> Done | Refused:
        """The operator takes no calls at all; a talk goes on, a ring is withdrawn."""
        return _done(await self._scripts.run("sign_out", operator, _milli(now)))

    async def end_wrap_up(self, operator: str, until_at: float, *, now: float) -> Done | Refused:
        """The wrap-up that was to last until `until_at` is over."""
        return _done(await self._scripts.run("end_wrap_up", operator, until_at, _milli(now)))

    async def move_call(
        self, call: CallId, *, queue: str, topic: str, language: str, skills: tuple[str, ...], now: float, by: str
    ) -> Done | Refused:
        """Put the call elsewhere; it keeps its place, its rings are withdrawn."""
        fields = {
            "queue": queue,
            "topic": topic,
            "language": language,
            "skills": skills,
            "waiting_key": keys.waiting(queue),
        }
        return _done(await self._scripts.run("move_call", call, json.dumps(fields), _milli(now), by))

    async def prioritise(
        self, call: CallId, priority: int, *, urgency_seconds: float, now: float, by: str
    ) -> Done | Refused:
        """Change the urgency of a waiting call; each step counts as `urgency_seconds` of earlier entry."""
        return _done(await self._scripts.run("prioritise", call, priority, urgency_seconds, _milli(now), by))

    async def assign(self, operator: str, topic: str, *, now: float, by: str = "") -> Done | Refused:
        """Let the operator serve `topic` as the first skill ("": home again); a person's word (`by`) beats the rule's.

        The topic `auto` takes a person's word back.
        """
        return _done(await self._scripts.run("assign", operator, topic, by, _milli(now)))

    async def request_callback(
        self, call: CallId, call_back: CallId, sealed: str, *, not_before: float, now: float
    ) -> Done | Refused:
        """The caller hangs up and is rung back in turn: the call named `call_back` takes over the place.

        `sealed` says whom to ring and is opened by its writer only.
        """
        arguments = (call, sealed, _milli(not_before), _milli(now), call_back)
        return _done(await self._scripts.run("request_callback", *arguments))

    async def miss_callback(
        self, offer: Offer, *, now: float, not_before: float, tries_allowed: int
    ) -> CallbackMissed | Refused:
        """The caller did not answer the callback; the operator is free, the call tries again later or is given up."""
        answer = await self._scripts.run(
            "miss_callback", offer.call, offer.operator, offer.offer, _milli(now), _milli(not_before), tries_allowed
        )
        return _refused(answer) or CallbackMissed(given_up=answer["given_up"])

    async def configure_queue(
        self, queue: str, *, now: float, limit: int | None = None, closed: bool | None = None, by: str = ""
    ) -> Done | Refused:
        """Set what is given, leave the rest; `by` names the person for the audit (empty: configuration)."""
        answer = await self._scripts.run(
            "configure_queue",
            queue,
            "" if limit is None else limit,
            "" if closed is None else int(closed),
            _milli(now),
            by,
        )
        return _done(answer)

    async def restore(self, known: Change) -> None:
        """Give back what the store has lost: rows of one controller's calls, of operators and of queues."""
        await self._scripts.run("restore", rows.change_json(known))

    async def lead(self, controller: str, lease_seconds: float) -> Leading | Following:
        """Ask for, or renew, the right to route."""
        answer = await self._scripts.run("lead", controller, int(lease_seconds * 1000))
        if answer["status"] == "refused":
            return Following(retry_seconds=max(0, answer["retry_milliseconds"]) / 1000)
        return Leading(epoch=answer["epoch"])

    async def yield_lead(self, controller: str) -> None:
        """Give the right to route back at once."""
        await self._scripts.run("yield_lead", controller)


def _milli(seconds: float) -> float:
    return round(seconds, 3)


def _refused(answer: dict[str, Any]) -> Refused | None:
    return Refused(answer["reason"]) if answer["status"] == "refused" else None


def _done(answer: dict[str, Any]) -> Done | Refused:
    return _refused(answer) or Done()
