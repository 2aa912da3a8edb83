"""One scene with everything the line asks of Asterisk; played on a real Asterisk and on the scripted one alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from ivr.errors import AsteriskRefused
from ivr.line.ari import Ari, Frame
from ivr.line.events import (
    ChannelEntered,
    ChannelGone,
    ChannelSignal,
    ContactsChanged,
    LineEvent,
    RecordingDone,
    translate,
)

WaitFor = Callable[[str, str], Awaitable[Frame]]
"""(type of frame, part of the channel's or playback's id) → that frame, once it has come."""


class FarSide(Protocol):
    """The people at the other ends of the wires."""

    async def press(self, key: str) -> None: ...

    async def hang_up_operator(self) -> None: ...

    async def hang_up_caller(self) -> None: ...


async def play_scene(ari: Ari, caller: str, wait_for: WaitFor, far: FarSide, long_sound: str) -> list[str]:
    """Answer, prompt, interrupted prompt, key, music, tap, operator who talks, who declines, who is absent, goodbye.

    Answers what Asterisk refused, as `request: status`.
    """
    refused: list[str] = []

    async def ask(method: str, path: str, **query: Any) -> None:
        try:
            await ari.request(method, path, **query)
        except AsteriskRefused as error:
            # what is still on its way out is a conflict, not yet unknown: the line takes both alike
            status = 404 if method == "DELETE" and error.status == 409 else error.status
            refused.append(f"{method} {path.replace(caller, 'caller')}: {status}")

    await ask("POST", f"channels/{caller}/answer")
    await ask("POST", f"channels/{caller}/play", media="sound:beep", playbackId="short")
    await wait_for("PlaybackFinished", "short")
    await ask("POST", f"channels/{caller}/play", media=f"sound:{long_sound}", playbackId="long")
    await asyncio.sleep(0.3)
    await ask("DELETE", "playbacks/long")
    await wait_for("PlaybackFinished", "long")
    await ask("DELETE", "playbacks/long")
    await far.press("5")
    await wait_for("ChannelDtmfReceived", caller)
    await ask("POST", f"channels/{caller}/moh")
    await ask("DELETE", f"channels/{caller}/moh")
    media = {"app": "ivr", "channelId": "media", "external_host": "127.0.0.1:9", "format": "slin"}
    await ask("POST", "channels/externalMedia", **media)
    await ask("POST", f"channels/{caller}/snoop/snoop", app="ivr", spy="in")
    await wait_for("StasisStart", "media")
    await wait_for("StasisStart", "snoop")
    await ask("POST", "bridges/tap", type="mixing")
    await ask("POST", "bridges/tap/addChannel", channel="snoop,media")
    for operator in ("anna", "boris"):
        leg = f"leg-{operator}"
        await ask("POST", "channels", app="ivr", channelId=leg, endpoint=f"PJSIP/{operator}", timeout=-1)
        if operator == "anna":
            await wait_for("StasisStart", leg)
            await ask("POST", "bridges/talk", type="mixing")
            await ask("POST", "bridges/talk/addChannel", channel=f"{caller},{leg}")
            await far.hang_up_operator()
        await wait_for("ChannelDestroyed", leg)
    await ask("POST", "channels", app="ivr", channelId="leg-nobody", endpoint="PJSIP/nobody", timeout=-1)
    for channel in ("snoop", "media"):
        await ask("DELETE", f"channels/{channel}")
        await wait_for("StasisEnd", channel)
    for bridge in ("tap", "talk", "talk"):
        await ask("DELETE", f"bridges/{bridge}")
    await far.hang_up_caller()
    await wait_for("StasisEnd", caller)
    await ask("DELETE", f"channels/{caller}")
    return refused


def meaning(frames: Iterable[Frame], caller: str) -> dict[str, list[str]]:
    """What the frames say to the line, in order, channel by channel; events of different channels may cross."""
    said: dict[str, list[str]] = {}
    for frame in frames:
        event = translate(frame)
        if event is not None and not isinstance(event, ContactsChanged | RecordingDone):
            channel = "caller" if event.channel == caller else event.channel
            said.setdefault(channel, []).append(_without_names(event))
    return said


def _without_names(event: LineEvent) -> str:
    match event:
        case ChannelEntered(arguments=arguments):
            return f"entered {' '.join(arguments[:2])}".strip()
        case ChannelGone(cause=cause):
            return f"gone {cause}"
        case ChannelSignal(event=signal):
            return repr(replace(signal))
        case _:
            return type(event).__name__
