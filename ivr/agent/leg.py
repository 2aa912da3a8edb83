"""One telephone call as the agent holds it: a SIP channel of its own Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from math import ceil
from pathlib import Path
from typing import Any, Literal

from ivr.agent.switch import Switch
from ivr.errors import AsteriskRefused, AsteriskUnavailable
from ivr.line.ari import Ari, Frame

APPLICATION = "agent"

_KEY_MILLISECONDS = 120
_KEY_PAUSE_SECONDS = 0.15
_OWN_CHANNEL_SECONDS = 3.0
_GONE_SECONDS = 5.0


class LegEnded(Exception):
    """The call is over; `cause` is the Q.850 cause code, `reason` Asterisk's words for it."""

    def __init__(self, cause: int, reason: str) -> None:
        self.cause = cause
        self.reason = reason
        super().__init__(f"{reason} ({cause})")


@contextlib.asynccontextmanager
async def _told_within(seconds: float) -> AsyncIterator[None]:
    """What our own Asterisk will surely tell may be waited for inside; `AsteriskUnavailable` when it is too late."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise AsteriskUnavailable(
            f"the Asterisk of the test telephones did not say within {seconds:g} s what became of a call",
            hint="is this machine busy? try again when it has less to do",
        ) from None


class Leg:
    """A channel from before it exists until it is gone. Every method raises `LegEnded` once the call is over, and
    `AsteriskUnavailable` when our own Asterisk does not do or tell what it should.

    `was_up`: it has been answered, however soon it ended afterwards.
    """

    def __init__(self, ari: Ari, switch: Switch, channel: str) -> None:
        self.channel = channel
        self.was_up = False
        self._ari = ari
        self._switch = switch
        self._numbers = itertools.count()
        self._entered = asyncio.Event()
        self._over = asyncio.Event()
        self._end: tuple[int, str] | None = None
        self._placed = False
        self._cause = 0
        self._waiting: dict[str, asyncio.Event] = {}
        switch.watch(channel, self._receive)

    async def dial(self, endpoint: str, caller: str, ring_seconds: float) -> str:
        """Send the INVITE to `endpoint` with the caller's number; its SIP Call-ID."""
        self._placed = True
        try:
            channel = await self._ari.request(
                "POST",
                "channels",
                endpoint=endpoint,
                app=APPLICATION,
                channelId=self.channel,
                callerId=caller,
                timeout=ceil(ring_seconds) + 1,
            )
        except BaseException:
            self._finish(0, "it was never placed")
            raise
        return str(channel["protocol_id"])

    async def answered(self, seconds: float) -> None:
        """Return once the other side has answered; `TimeoutError` after `seconds`."""
        async with asyncio.timeout(seconds):
            await self._until(self._entered)

    async def ended(self) -> LegEnded:
        """Wait until the call is over and say how it ended."""
        await self._over.wait()
        assert self._end is not None
        return LegEnded(*self._end)

    async def answer(self) -> None:
        """Take a call that rings here."""
        await self._request("POST", "answer")

    async def ring(self) -> None:
        """Tell the other side that it rings."""
        await self._request("POST", "ring")

    async def keep_silent(self) -> None:
        """Send silence whenever nothing is said, as a telephone does."""
        await self._request("POST", "silence")

    async def play(self, sound: Path) -> None:
        """Say this 8 kHz WAV file and return when it is over."""
        playback = f"{self.channel}-sound{next(self._numbers)}"
        finished = self._waiting[playback] = asyncio.Event()
        try:
            await self._request("POST", f"play/{playback}", media=f"sound:{sound.with_suffix('')}")
            await self._until(finished)
        finally:
            del self._waiting[playback]

    async def press(self, key: str) -> None:
        """Press one key (RFC 4733) and return when it is released."""
        await self._request("POST", "dtmf", dtmf=key, duration=_KEY_MILLISECONDS)
        await asyncio.sleep(_KEY_MILLISECONDS / 1000 + _KEY_PAUSE_SECONDS)

    async def record(self, direction: Literal["in", "out"]) -> Recording:
        """Record what is heard (`in`) or said (`out`) on this leg, from now on until it ends."""
        recording = Recording(self._switch, f"{self.channel}-{direction}")
        await self._request("POST", f"snoop/{recording.name}", spy=direction, app=APPLICATION)
        await recording.begin(self._ari)
        return recording

    async def hang_up(self, reason: str = "normal") -> LegEnded:
        """End the call (`reason`: normal, busy, …) and return when it is gone; no error when it already was."""
        try:
            await self._request("DELETE", "", reason=reason)
        except LegEnded:
            pass  # that is what was asked for
        async with _told_within(_GONE_SECONDS):
            return await self.ended()

    async def _request(self, method: str, action: str, **query: str | int) -> Any:
        if self._end is not None:
            raise LegEnded(*self._end)
        try:
            return await self._ari.request(method, f"channels/{self.channel}/{action}".rstrip("/"), None, **query)
        except AsteriskRefused as error:
            if error.status not in (404, 409, 412):
                raise
            async with _told_within(_GONE_SECONDS):  # its last event is on the way
                raise await self.ended() from error

    async def _until(self, event: asyncio.Event) -> None:
        await event.wait()
        if self._end is not None:
            raise LegEnded(*self._end)

    def _receive(self, frame: Frame) -> None:
        match frame["type"]:
            case "StasisStart":
                self._entered.set()
            case "PlaybackFinished":
                if (finished := self._waiting.get(frame["playback"]["id"])) is not None:
                    finished.set()
            case "ChannelStateChange" if frame["channel"]["state"] == "Up":
                self.was_up = True
            case "ChannelHangupRequest":
                self._cause = int(frame.get("cause", 0))
            case "ChannelDestroyed":
                self._finish(int(frame["cause"]), str(frame["cause_txt"]))
            case "StasisEnd" if not self._placed:  # Asterisk tells no more about calls that it did not place for us
                self._finish(self._cause, "the other side hung up")

    def _finish(self, cause: int, reason: str) -> None:
        self._switch.forget(self.channel)
        self._end = (cause, reason)
        for event in (self._entered, self._over, *self._waiting.values()):
            event.set()


class Recording:
    """One direction of a leg on its way into a file of Asterisk's, `name`.wav; the sound keeps the call's time."""

    def __init__(self, switch: Switch, name: str) -> None:
        self.name = name
        self._switch = switch
        self._entered = asyncio.Event()
        self._finished = asyncio.Event()
        switch.watch(name, self._receive)

    async def begin(self, ari: Ari) -> None:
        """Write from now on."""
        async with _told_within(_OWN_CHANNEL_SECONDS):
            await self._entered.wait()  # Asterisk allows nothing on a channel before
        await ari.request("POST", f"channels/{self.name}/record", name=self.name, format="wav")

    async def finished(self) -> None:
        """Wait until the file is whole, which it is soon after the leg's end."""
        async with _told_within(_GONE_SECONDS):
            await self._finished.wait()

    def _receive(self, frame: Frame) -> None:
        match frame["type"]:
            case "StasisStart":
                self._entered.set()
            case "RecordingFinished" | "RecordingFailed" | "ChannelDestroyed":
                self._switch.forget(self.name)
                self._finished.set()
