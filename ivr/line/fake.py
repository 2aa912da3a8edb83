"""A scripted Asterisk for tests and simulation: answers the line's requests, sends the frames Asterisk sends.

What it sends, and in which order, is held against recordings of a real Asterisk (`tests/telephone/test_fake_line.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from ivr.errors import AsteriskRefused, AsteriskUnavailable
from ivr.line.ari import Frame

_NORMAL, _BUSY, _OUR_WISH = 16, 17, 32


@dataclass(frozen=True, slots=True)
class Telephone:
    """How an operator's telephone behaves: answers after so many seconds, rejects, or (both None) rings for ever."""

    answers_after_seconds: float | None = 1.0
    rejects_after_seconds: float | None = None


@dataclass(slots=True)
class _Channel:
    name: str
    caller: str = ""
    state: str = "Ring"
    ours: bool = False
    snoops: bool = False
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class FakeAsterisk:
    """Fits `ari.Ari`. `telephones`: SIP account → behaviour; a missing one is not registered.

    `seconds_of(media)` tells how long a prompt is. The caller's side is played by `call_in`, `press`, `hang_up_caller`.
    """

    def __init__(
        self, telephones: Mapping[str, Telephone] | None = None, seconds_of: Callable[[str], float] = lambda _: 2.0
    ) -> None:
        self.telephones = dict(telephones or {})
        self.channels: dict[str, _Channel] = {}
        self.bridges: dict[str, set[str]] = {}
        self.playbacks: dict[str, tuple[str, asyncio.TimerHandle]] = {}
        self.recordings: dict[str, str] = {}
        """Those that are being made: name → the channel that is heard."""
        self.muted: set[str] = set()
        self.mutes = True
        self.requests: list[tuple[str, str]] = []
        self.sent: list[Frame] = []
        self._seconds_of = seconds_of
        self._sockets: list[asyncio.Queue[Frame | None]] = []
        self._wanted: set[str] | None = None
        self._started = 0

    # --- the caller ---

    def call_in(self, channel: str, dialled: str, caller: str = "", plan: str = "") -> None:
        """A caller dials one of our lines, or comes for a `plan` out of a dialplan of the admin's own."""
        self.channels[channel] = _Channel(channel, caller)
        way = ["plan", plan] if plan else ["line"]
        self._send("StasisStart", channel=self._described(channel), args=[*way, dialled, f"sip-{channel}"])

    def press(self, channel: str, key: str) -> None:
        self._send("ChannelDtmfReceived", channel=self._described(channel), digit=key, duration_ms=120)

    def hang_up_caller(self, channel: str) -> None:
        self._end(channel, _NORMAL)

    def drop_socket(self) -> None:
        """The event socket is lost; calls go on."""
        for socket in self._sockets:
            socket.put_nowait(None)
        self._sockets.clear()

    def die(self) -> None:
        """Asterisk is killed and started again: nothing that there was is there, and nobody is told of it."""
        for channel in self.channels.values():
            for timer in channel.timers:
                timer.cancel()
        for _, timer in self.playbacks.values():
            timer.cancel()
        for everything in (self.channels, self.bridges, self.playbacks, self.recordings):
            everything.clear()
        self._started += 1
        self.drop_socket()

    # --- ari.Ari ---

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Frame]]:
        socket: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._sockets.append(socket)
        try:
            yield self._frames(socket)
        finally:
            with contextlib.suppress(ValueError):
                self._sockets.remove(socket)

    async def _frames(self, socket: asyncio.Queue[Frame | None]) -> AsyncIterator[Frame]:
        while (frame := await socket.get()) is not None:
            yield frame
        raise AsteriskUnavailable("the event socket was closed")

    async def request(  # noqa: C901 -- one flat case a request reads best
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int
    ) -> Any:
        self.requests.append((method, path))
        await asyncio.sleep(0)  # a real request lets others run meanwhile
        parameters = {**query, **(body or {})}
        match method, path.split("?", maxsplit=1)[0].split("/"):
            case "GET", ["asterisk", "info"]:
                return {"status": {"startup_time": f"2026-01-01T00:00:{self._started:02}.000+0000"}}
            case "GET", ["channels"]:
                return [self._described(channel) for channel in self.channels]
            case "POST", ["channels"]:
                self._originate(str(parameters["channelId"]), str(parameters["endpoint"]).removeprefix("PJSIP/"))
            case "POST", ["channels", "externalMedia"]:
                self._own_channel(str(parameters["channelId"]))
            case "POST", ["channels", channel, "snoop", snoop]:
                self._known(channel)
                self._own_channel(snoop, snoops=True)
            case "POST", ["channels", channel, "record"]:
                self._known(channel)
                self.recordings[str(parameters["name"])] = channel
            case "POST" | "DELETE", ["recordings", "live", name, act]:
                self._on_recording(method, name, act)
            case "POST", ["channels", channel, "answer"]:
                self._known(channel).state = "Up"
                self._send("ChannelStateChange", channel=self._described(channel))
            case "POST", ["channels", channel, "play"]:
                self._play(channel, str(parameters["playbackId"]), [str(item) for item in parameters["media"]])
            case "POST" | "DELETE", ["channels", channel, "moh"]:
                self._known(channel)
            case "POST", ["channels", channel, "continue"]:
                self._known(channel)
                self._send("StasisEnd", channel=self._described(channel))
                del self.channels[channel]
            case "DELETE", ["channels", channel]:
                self._known(channel)
                self._end(channel, _OUR_WISH)
            case "GET", ["playbacks", playback]:
                if playback not in self.playbacks:
                    raise AsteriskRefused(f"GET {path}", 404, "Playback not found")
            case "DELETE", ["playbacks", playback]:
                self._stop(playback, path)
            case "GET", ["bridges"]:
                return [{"id": name, "channels": [*who], "creator": "Stasis"} for name, who in self.bridges.items()]
            case "POST", ["bridges", bridge]:
                self.bridges.setdefault(bridge, set())
            case "POST", ["bridges", bridge, "addChannel"]:
                for channel in str(parameters["channel"]).split(","):
                    self._known(channel)
                    for members in self.bridges.values():
                        members.discard(channel)  # nobody is in two bridges
                    self.bridges[bridge].add(channel)
            case "POST", ["bridges", bridge, "removeChannel"]:
                channel = path.partition("?channel=")[2]
                self._known(channel)
                if channel not in self.bridges.get(bridge, ()):
                    raise AsteriskRefused(f"POST {path}", 422, "Channel not in this bridge")
                self.bridges[bridge].discard(channel)
            case "DELETE", ["bridges", bridge]:
                if self.bridges.pop(bridge, None) is None:
                    raise AsteriskRefused(f"DELETE {path}", 404, "Bridge not found")
            case "GET", ["endpoints", "PJSIP"]:
                return [{"resource": name, "state": "online"} for name in self.telephones]
            case "POST", ["applications", _, "subscription"]:
                pass
            case "PUT", ["applications", _, "eventFilter"]:
                self._wanted = {str(kind["type"]) for kind in parameters["allowed"]}
            case _:
                raise AsteriskRefused(f"{method} {path}", 404, "the scripted Asterisk does not know this request")
        return None

    # --- inside ---

    def _originate(self, channel: str, account: str) -> None:
        telephone = self.telephones.get(account)
        if telephone is None:
            raise AsteriskRefused("POST channels", 500, "Allocation failed")
        ringing = self.channels[channel] = _Channel(channel, ours=True)
        loop = asyncio.get_running_loop()
        if telephone.rejects_after_seconds is not None:
            ringing.timers.append(loop.call_later(telephone.rejects_after_seconds, self._end, channel, _BUSY))
        elif telephone.answers_after_seconds is not None:
            ringing.timers.append(loop.call_later(telephone.answers_after_seconds, self._answered, channel))

    def _answered(self, channel: str) -> None:
        self.channels[channel].state = "Up"
        self._send("ChannelStateChange", channel=self._described(channel))
        self._send("StasisStart", channel=self._described(channel), args=[])

    def _own_channel(self, channel: str, *, snoops: bool = False) -> None:
        self.channels[channel] = _Channel(channel, state="Up", ours=True, snoops=snoops)
        self._send("StasisStart", channel=self._described(channel), args=[])

    def _on_recording(self, method: str, name: str, act: str) -> None:
        if name not in self.recordings:
            raise AsteriskRefused(f"{method} recordings/live/{name}/{act}", 404, "Recording not found")
        if act == "stop":
            self._stop_recording(name)
        elif not self.mutes:
            raise AsteriskRefused(f"{method} recordings/live/{name}/{act}", 500, "Recording not muted")
        else:
            (self.muted.add if method == "POST" else self.muted.discard)(name)

    def _stop_recording(self, name: str) -> None:
        channel = self.recordings.pop(name)
        self._send("RecordingFinished", recording={"name": name, "target_uri": f"channel:{channel}", "state": "done"})

    def _play(self, channel: str, playback: str, media: list[str]) -> None:
        self._known(channel)
        self._send("PlaybackStarted", playback=_described_playback(playback, channel, "playing"))
        seconds = sum(self._seconds_of(item) for item in media)
        loop = asyncio.get_running_loop()
        self.playbacks[playback] = (channel, loop.call_later(seconds, self._finish, playback))

    def _finish(self, playback: str) -> None:
        channel, timer = self.playbacks.pop(playback)
        timer.cancel()
        self._send("PlaybackFinished", playback=_described_playback(playback, channel, "done"))

    def _stop(self, playback: str, path: str) -> None:
        if playback not in self.playbacks:
            raise AsteriskRefused(f"DELETE {path}", 404, "Playback not found")
        self._finish(playback)

    def _end(self, channel: str, cause: int) -> None:
        gone = self.channels.get(channel)
        if gone is None:
            return
        for timer in gone.timers:
            timer.cancel()
        described = self._described(channel)
        self._send("ChannelHangupRequest", channel=described, cause=cause)
        for playback, (owner, _) in list(self.playbacks.items()):
            if owner == channel:
                self._finish(playback)
        for name in [name for name, heard in self.recordings.items() if heard == channel]:
            self._stop_recording(name)
        for members in self.bridges.values():
            members.discard(channel)
        del self.channels[channel]
        if not gone.ours or gone.state == "Up":
            self._send("StasisEnd", channel=described)
        if gone.ours and not gone.snoops:  # of others we hear no more once they have left the application
            self._send("ChannelDestroyed", channel=described, cause=_NORMAL if cause == _OUR_WISH else cause)

    def _known(self, channel: str) -> _Channel:
        found = self.channels.get(channel)
        if found is None:
            raise AsteriskRefused(f"channels/{channel}", 404, "Channel not found")
        return found

    def _described(self, channel: str) -> dict[str, Any]:
        known = self.channels[channel]
        return {"id": channel, "state": known.state, "caller": {"number": known.caller, "name": ""}}

    def _send(self, kind: str, **content: Any) -> None:
        frame: Frame = {"type": kind, **content}
        self.sent.append(frame)
        if self._wanted is None or kind in self._wanted:
            for socket in self._sockets:
                socket.put_nowait(frame)


def _described_playback(playback: str, channel: str, state: str) -> dict[str, str]:
    return {"id": playback, "target_uri": f"channel:{channel}", "state": state}
