"""Asterisk's frames, translated to what they mean for a channel. Pure.

A frame that means nothing to us, or that lacks what it should have, is `None`: Asterisk may send more than we know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.call.events import KeyPressed, PromptFinished


@dataclass(frozen=True, slots=True)
class ChannelEntered:
    """The channel is ours from now on; `arguments` of `Stasis()` in the dialplan, none for channels that we made."""

    channel: str
    arguments: tuple[str, ...]
    caller: str


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """The channel has ended or has left us; `cause` is a Q.850 code, 0 when unknown. May come twice."""

    channel: str
    cause: int


@dataclass(frozen=True, slots=True)
class ChannelSignal:
    """Something the call itself has to know."""

    channel: str
    event: KeyPressed | PromptFinished


@dataclass(frozen=True, slots=True)
class ContactsChanged:
    """A telephone is there (`reachable`) or is gone; `endpoint` is its SIP account."""

    endpoint: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class RecordingDone:
    """A recording has ended and its file is whole, as far as it got."""

    name: str


LineEvent = ChannelEntered | ChannelGone | ChannelSignal | ContactsChanged | RecordingDone


def translate(frame: Mapping[str, Any]) -> LineEvent | None:
    """Say what a frame means; `None` for what concerns nobody or is malformed."""
    try:
        return _MEANINGS[frame["type"]](frame)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _entered(frame: Mapping[str, Any]) -> ChannelEntered:
    channel = frame["channel"]
    return ChannelEntered(str(channel["id"]), tuple(map(str, frame["args"])), str(channel["caller"]["number"]))


def _gone(frame: Mapping[str, Any]) -> ChannelGone:
    return ChannelGone(str(frame["channel"]["id"]), int(frame.get("cause", 0)))


def _key(frame: Mapping[str, Any]) -> ChannelSignal:
    return ChannelSignal(str(frame["channel"]["id"]), KeyPressed(str(frame["digit"])))


def _played(frame: Mapping[str, Any]) -> ChannelSignal | None:
    playback = frame["playback"]
    kind, _, channel = str(playback["target_uri"]).partition(":")
    return ChannelSignal(channel, PromptFinished(str(playback["id"]))) if kind == "channel" else None


def _recorded(frame: Mapping[str, Any]) -> RecordingDone:
    return RecordingDone(str(frame["recording"]["name"]))


def _contacts(frame: Mapping[str, Any]) -> ContactsChanged | None:
    # Not PeerStatusChange: it is silent of a telephone that has gone while Asterisk was down, for to a new Asterisk it
    # has never been there.
    endpoint, status = frame["endpoint"], frame["contact_info"]["contact_status"]
    if status == "Reachable":
        return ContactsChanged(str(endpoint["resource"]), reachable=True)
    if status in ("Unreachable", "Removed") and endpoint["state"] != "online":  # it may be there under a new address
        return ContactsChanged(str(endpoint["resource"]), reachable=False)
    return None


_MEANINGS: Mapping[str, Callable[[Mapping[str, Any]], LineEvent | None]] = {
    "StasisStart": _entered,
    "StasisEnd": lambda frame: ChannelGone(str(frame["channel"]["id"]), 0),
    "ChannelHangupRequest": _gone,
    "ChannelDestroyed": _gone,
    "ChannelDtmfReceived": _key,
    "PlaybackFinished": _played,
    "RecordingFinished": _recorded,
    "RecordingFailed": _recorded,
    "ContactStatusChange": _contacts,
}
UNDERSTOOD = tuple(_MEANINGS)
"""Types of frames that mean something to us: Asterisk is asked for no others."""
