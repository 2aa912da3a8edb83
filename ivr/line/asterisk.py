"""The telephone line: calls and operators' legs on one Asterisk, driven by its REST interface.

`run` reads the events; everything else asks Asterisk for something. Channels that we make ourselves may be used only
after their own `StasisStart` (else Asterisk answers 409 or 422), so their ids are chosen here and awaited.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence

import structlog

from ivr.call.events import LINE_LOST, Event, PromptFinished
from ivr.errors import AsteriskRefused, AsteriskUnavailable
from ivr.line.ari import Ari, Frame
from ivr.line.channels import IncomingCall, LegFailed, OperatorCode, OperatorLeg, Tap
from ivr.line.events import (
    UNDERSTOOD,
    ChannelEntered,
    ChannelGone,
    ChannelSignal,
    ContactsChanged,
    RecordingDone,
    translate,
)
from ivr.line.listeners import Listeners, playback_identity
from ivr.line.tape import Tape
from ivr.line.telephones import Telephones

log = structlog.get_logger()

_OWN_CHANNEL_SECONDS = 2.0
# What we offer, best first, of what the account allows; unasked, Asterisk begins with G.711.
_FORMATS = "opus,alaw,ulaw"
_FIRST_RECONNECT_SECONDS, _LONGEST_RECONNECT_SECONDS = 0.1, 2.0


class Line:
    """Everything that the engine asks of one Asterisk. The controller owns it; `run` must be running for the rest.

    `telephones`: the SIP accounts whose coming and going `on_contact` is told. Channels that we make are numbered from
    `first_number`; those of another controller may still be there.
    """

    def __init__(
        self,
        ari: Ari,
        application: str,
        on_call: Callable[[IncomingCall], None],
        on_operator_code: Callable[[OperatorCode], None],
        on_contact: Callable[[ContactsChanged], None],
        on_recording: Callable[[RecordingDone], None] = lambda _: None,
        telephones: Sequence[str] = (),
        first_number: int = 0,
    ) -> None:
        self._ari = ari
        self._application = application
        self._on_call = on_call
        self._on_operator_code = on_operator_code
        self._on_recording = on_recording
        self.tape = Tape(ari)
        self._telephones = Telephones(ari, telephones, on_contact)
        self.listeners = Listeners()
        self._numbers = itertools.count(first_number)
        self._asterisk_started = ""
        self.connected = False
        self.online = asyncio.Event()
        """Set while the events come."""

    async def run(self) -> None:
        """Read events for ever; a lost socket is opened again, and what was missed meanwhile is made up for."""
        wait_seconds = _FIRST_RECONNECT_SECONDS
        while True:
            try:
                async with self._ari.events() as frames:
                    await self._subscribe()
                    if await self.catch_up():  # a new one asks telephones of before whether they are there, and tells
                        await self._telephones.look()
                    wait_seconds = _FIRST_RECONNECT_SECONDS
                    self._set_connected(True)
                    async for frame in frames:
                        self.take(frame)
            except AsteriskUnavailable as error:
                self._set_connected(False)
                log.warning("asterisk_lost", reason=error.what, again_in_seconds=wait_seconds)
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, _LONGEST_RECONNECT_SECONDS)

    async def _subscribe(self) -> None:
        # Asterisk tells of each variable that it sets: nine of ten frames, in front of those that are waited for.
        wanted = {"allowed": [{"type": kind} for kind in UNDERSTOOD]}
        await self._ari.request("PUT", f"applications/{self._application}/eventFilter", wanted)
        await self._telephones.subscribe(self._application)

    def watch(self, channel: str, receive: Callable[[Event], None]) -> None:
        """From now on `receive` gets the call's events of this channel; it must not block."""
        self.listeners.watch(channel, receive)

    def forget(self, channel: str) -> None:
        """Nobody wants to know about this channel any more."""
        self.listeners.forget(channel)

    async def answer(self, channel: str) -> None:
        await self._ari.request("POST", f"channels/{channel}/answer")

    async def hang_up(self, channel: str) -> None:
        """End the channel; no error when it has gone already."""
        await self._tolerate_gone("DELETE", f"channels/{channel}")

    async def hand_over(self, channel: str) -> None:
        """Give the caller back to Asterisk's own dialplan, which reaches a person without us."""
        await self._tolerate_gone("POST", f"channels/{channel}/continue?context=fallback&extension=s&priority=1")

    async def refuse(self, channel: str) -> None:
        """Tell the caller that all lines are busy, and part."""
        await self._tolerate_gone("POST", f"channels/{channel}/continue?context=busy&extension=s&priority=1")

    async def give_back(self, channel: str) -> None:
        """Let the caller go on in the dialplan where it came to us."""
        await self._tolerate_gone("POST", f"channels/{channel}/continue")

    async def play(self, channel: str, playback: str, media: Sequence[str]) -> None:
        """Play files one after another without a gap; `media` are addresses such as `sound:/path/name`."""
        identity = self.listeners.playback(channel, playback)
        await self._ari.request("POST", f"channels/{channel}/play", {"media": list(media), "playbackId": identity})
        self.listeners.begun(channel, identity)

    async def stop_playing(self, channel: str, playback: str) -> None:
        await self._tolerate_gone("DELETE", f"playbacks/{playback_identity(channel, playback)}")

    async def start_music(self, channel: str) -> None:
        await self._ari.request("POST", f"channels/{channel}/moh")

    async def stop_music(self, channel: str) -> None:
        await self._tolerate_gone("DELETE", f"channels/{channel}/moh")

    async def tap(self, channel: str, host: str, port: int) -> Tap:
        """Send a copy of what the caller says to `host:port` as RTP, signed linear 8 kHz, until `release_tap`."""
        number = next(self._numbers)
        media, snoop, bridge = (f"{channel}-{part}{number}" for part in ("media", "snoop", "tap"))
        tap = Tap((media, snoop), bridge)
        try:
            async with asyncio.timeout(_OWN_CHANNEL_SECONDS):
                async with self.listeners.entrances(media, snoop) as entered:
                    await self._ari.request(
                        "POST",
                        "channels/externalMedia",
                        app=self._application,
                        channelId=media,
                        external_host=f"{host}:{port}",
                        format="slin",
                    )
                    await self._ari.request(
                        "POST", f"channels/{channel}/snoop/{snoop}", spy="in", app=self._application
                    )
                    await entered
                await self._ari.request("POST", f"bridges/{bridge}", type="mixing")
                await self._ari.request("POST", f"bridges/{bridge}/addChannel", channel=f"{snoop},{media}")
        except BaseException:
            await self.release_tap(tap)
            raise
        return tap

    async def release_tap(self, tap: Tap) -> None:
        for channel in tap.channels:
            await self.hang_up(channel)
        await self._tolerate_gone("DELETE", f"bridges/{tap.bridge}")

    def leg_name(self, call: str) -> str:
        """A name for a channel that we shall make for this call."""
        return f"{call}-leg{next(self._numbers)}"

    async def ring(self, endpoint: str, call: str, caller: str, channel: str = "") -> OperatorLeg:
        """Ring a SIP account's telephone until it answers or the leg is hung up; `LegFailed`: it can't be reached.

        `channel`: the leg's name, from `leg_name`, for who has to know it beforehand.
        """
        leg = self.listeners.leg(channel or self.leg_name(call))
        try:
            await self._ari.request(
                "POST",
                "channels",
                endpoint=f"PJSIP/{endpoint}",
                app=self._application,
                channelId=leg.channel,
                callerId=caller,
                formats=_FORMATS,
                timeout=-1,  # how long to ring is the router's decision
            )
        except BaseException as error:
            self.listeners.forget(leg.channel)
            if isinstance(error, AsteriskRefused):
                raise LegFailed("unreachable") from error
            raise
        return leg

    def take_leg(self, channel: str) -> OperatorLeg:
        """A leg that another controller has rung and that has been answered."""
        leg = self.listeners.leg(channel)
        leg.answered.set_result(None)
        return leg

    async def bridge(self, name: str, channels: Sequence[str]) -> None:
        """Let these channels hear each other, and whoever comes in another's place; the bridge ends with `unbridge`."""
        # "video_sfu" is what keeps a bridge mixing, also between two: see docs/decisions/talks.md
        await self._ari.request("POST", f"bridges/{name}", type="mixing,video_sfu")
        await self.add(name, *channels)

    async def open_hold(self, name: str) -> None:
        """Make a bridge for `hold`; it ends with `unbridge`."""
        await self._ari.request("POST", f"bridges/{name}", type="holding")

    async def hold(self, name: str, channel: str) -> None:
        """Bring a channel into a bridge made by `open_hold`, out of any other one: it hears music there."""
        # Asterisk itself begins the music as the channel comes in: asked for by us, it would begin too early.
        await self._ari.request("POST", f"bridges/{name}/addChannel", channel=channel, role="holding_participant")

    async def add(self, name: str, *channels: str) -> None:
        """Bring channels into a bridge that there is, out of any other one."""
        await self._ari.request("POST", f"bridges/{name}/addChannel", channel=",".join(channels))

    async def listen_in(self, channel: str, *, whisper: bool, name: str = "") -> str:
        """A channel that hears both directions of `channel`, and with `whisper` is heard by its telephone alone.

        `name`: the new channel's, for who has to know it beforehand.
        """
        snoop = name or f"{channel}-snoop{next(self._numbers)}"
        try:
            async with asyncio.timeout(_OWN_CHANNEL_SECONDS), self.listeners.entrances(snoop) as entered:
                await self._ari.request(
                    "POST",
                    f"channels/{channel}/snoop/{snoop}",
                    spy="both",
                    whisper="out" if whisper else "none",
                    app=self._application,
                )
                await entered
        except BaseException:
            await self.hang_up(snoop)
            raise
        return snoop

    async def unbridge(self, name: str, going_on: str = "") -> None:
        """End the bridge; a channel that is `going_on` is out of it when this returns.

        Asterisk answers to the end of a bridge before the channels in it know: a prompt asked for in between may go to
        a bridge that is no more.
        """
        if going_on:
            path = f"bridges/{name}/removeChannel?channel={going_on}"
            await self._tolerate_gone("POST", path, but=(400, 404, 409, 422))
        await self._tolerate_gone("DELETE", f"bridges/{name}")

    # --- events ---

    def take(self, frame: Frame) -> None:
        """Let whom it concerns know what has happened; never blocks."""
        event = translate(frame)
        match event:
            case ChannelSignal(channel, signal):
                self.listeners.signal(channel, signal)
            case ChannelEntered(channel):
                if not self.listeners.entered(channel):
                    self._arrived(event)
            case ChannelGone(channel, cause):
                self.listeners.gone(channel, cause)
            case ContactsChanged():
                self._telephones.changed(event)
            case RecordingDone():
                self._on_recording(event)
            case None:
                pass

    def _arrived(self, event: ChannelEntered) -> None:
        match event.arguments:
            case ("line", dialled, *rest):
                self._on_call(IncomingCall(event.channel, dialled, event.caller, rest[0] if rest else ""))
            case ("plan", plan, dialled, *rest):
                self._on_call(IncomingCall(event.channel, dialled, event.caller, rest[0] if rest else "", plan))
            case ("visitor", account, *rest):
                # the number that a browser claims to call from says nothing
                self._on_call(IncomingCall(event.channel, "", "", rest[0] if rest else "", account=account))
            case ("operator", endpoint, code):
                self._on_operator_code(OperatorCode(event.channel, endpoint, code))
            case _:
                log.warning("channel_unasked_for", channel=event.channel, arguments=len(event.arguments))

    def _set_connected(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            (self.online.set if connected else self.online.clear)()
            log.info("asterisk_connected" if connected else "asterisk_disconnected")

    async def catch_up(self) -> bool:
        """After a lost socket: signal what ended unseen, so that nobody waits for an event that was never delivered.

        Answers whether it is the Asterisk of before.
        """
        started = (await self._ari.request("GET", "asterisk/info", only="status"))["status"]["startup_time"]
        cause = LINE_LOST if self._asterisk_started not in ("", started) else 0
        self._asterisk_started = started
        channels = await self._ari.request("GET", "channels")
        states = {str(channel["id"]): str(channel["state"]) for channel in channels}
        for channel, playback in self.listeners.catch_up(states, cause):
            try:
                await self._ari.request("GET", f"playbacks/{playback}")
            except AsteriskRefused:
                self.listeners.signal(channel, PromptFinished(playback))
        return not cause

    async def _tolerate_gone(self, method: str, path: str, but: Sequence[int] = (404, 409)) -> None:
        try:
            await self._ari.request(method, path)
        except AsteriskRefused as error:
            if error.status not in but:
                raise
        except AsteriskUnavailable:
            log.warning("release_unanswered", request=f"{method} {path}")
