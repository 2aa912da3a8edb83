"""Who waits for what happens to which channel: a call for its keys and prompts, a ringing leg for its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ivr.call.events import LINE_LOST, CallerHungUp, Event, OfferEnd, PromptFinished
from ivr.line.channels import LegFailed, OperatorLeg

_NORMAL_CLEARING, _CAUSE_BUSY, _CAUSE_NO_ANSWER, _CAUSE_REJECTED = 16, 17, (18, 19, 102), 21


@dataclass(slots=True)
class _Prompt:
    """A prompt under way, by the call's own name; `begun`: Asterisk has taken it."""

    name: str
    begun: bool = False


@dataclass(slots=True)
class _Watched:
    """`prompts` under way, by Asterisk's names."""

    receive: Callable[[Event], None]
    prompts: dict[str, _Prompt] = field(default_factory=dict)


class Listeners:
    """Each channel has one listener at most: a call (`watch`), a leg (`ring`), or whoever made it (`entrances`)."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._entering: dict[str, asyncio.Future[None]] = {}
        self._legs: dict[str, OperatorLeg] = {}

    def watch(self, channel: str, receive: Callable[[Event], None]) -> None:
        """From now on `receive` gets the call's events of this channel; it must not block."""
        self._watched[channel] = _Watched(receive)

    def forget(self, channel: str) -> None:
        """Nobody wants to know about this channel any more."""
        self._watched.pop(channel, None)
        self._legs.pop(channel, None)

    def playback(self, channel: str, name: str) -> str:
        """What Asterisk is to call a prompt that begins: its names are shared by all calls, the calls' own repeat."""
        identity = playback_identity(channel, name)
        watched = self._watched.get(channel)
        if watched is not None:
            watched.prompts[identity] = _Prompt(name)
        return identity

    def begun(self, channel: str, identity: str) -> None:
        """Asterisk has taken the prompt: from now on it knows whether it still plays."""
        watched = self._watched.get(channel)
        if watched is not None and identity in watched.prompts:
            watched.prompts[identity].begun = True

    def leg(self, channel: str) -> OperatorLeg:
        """A leg that is going to ring, until it is gone or forgotten."""
        loop = asyncio.get_running_loop()
        leg = self._legs[channel] = OperatorLeg(channel, loop.create_future(), loop.create_future())
        leg.answered.add_done_callback(_retrieve)
        return leg

    @contextlib.asynccontextmanager
    async def entrances(self, *channels: str) -> AsyncIterator[asyncio.Future[list[None]]]:
        """Done when all these channels, which are being made, have come to us."""
        loop = asyncio.get_running_loop()
        futures = {channel: loop.create_future() for channel in channels}
        self._entering.update(futures)
        try:
            yield asyncio.gather(*futures.values())
        finally:
            for channel in channels:
                del self._entering[channel]

    @property
    def idle(self) -> bool:
        """Whether nobody waits for anything."""
        return not (self._watched or self._legs or self._entering)

    # --- what happens ---

    def signal(self, channel: str, event: Event) -> None:
        """A key was pressed, a prompt is over."""
        watched = self._watched.get(channel)
        if watched is None:
            return
        if isinstance(event, PromptFinished):
            prompt = watched.prompts.pop(event.playback, None)
            if prompt is None:
                return  # told already, or begun by a controller that is no more
            event = PromptFinished(prompt.name)
        watched.receive(event)

    def entered(self, channel: str) -> bool:
        """The channel has come to us; False: nobody has waited for it."""
        future = self._entering.get(channel)
        if future is None and (leg := self._legs.get(channel)) is not None:
            future = leg.answered
        if future is not None and not future.done():
            future.set_result(None)
        return future is not None

    def gone(self, channel: str, cause: int) -> None:
        """The channel has ended; `cause` is a Q.850 code, 0 when unknown, or LINE_LOST. May come twice."""
        if (watched := self._watched.pop(channel, None)) is not None:
            watched.receive(CallerHungUp(cause or _NORMAL_CLEARING))
        if (leg := self._legs.pop(channel, None)) is not None:
            if not leg.answered.done():
                leg.answered.set_exception(LegFailed(_offer_end(cause)))
            if not leg.gone.done():
                leg.gone.set_result(None)

    def catch_up(self, states: Mapping[str, str], cause: int) -> Iterable[tuple[str, str]]:
        """Make up for what happened unseen; `states` of the channels that there are now.

        Answers the channels and Asterisk's names of the prompts of which it has to be asked whether they still play.
        """
        for channel in [*self._watched, *self._legs]:
            if channel not in states:
                self.gone(channel, cause)
        for channel, leg in self._legs.items():
            if states[channel] == "Up" and not leg.answered.done():
                leg.answered.set_result(None)
        return [
            (channel, identity)
            for channel, watched in self._watched.items()
            for identity, prompt in watched.prompts.items()
            if prompt.begun  # one that is being asked for is not there yet, and not over
        ]


def playback_identity(channel: str, name: str) -> str:
    """Asterisk's name of a channel's prompt."""
    return f"{channel}/{name}".replace("/", "-")


def _offer_end(cause: int) -> OfferEnd:
    if cause == LINE_LOST:
        return "withdrawn"  # the operator is not to blame, and not paused for it
    if cause in (_CAUSE_BUSY, _CAUSE_REJECTED):
        return "declined"
    return "no_answer" if cause in (*_CAUSE_NO_ANSWER, _NORMAL_CLEARING) else "unreachable"


def _retrieve(future: asyncio.Future[None]) -> None:
    """A leg nobody waits for any more must not be reported as an exception never retrieved."""
    if not future.cancelled():
        future.exception()
