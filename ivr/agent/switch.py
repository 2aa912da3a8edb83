"""Gives each event of the agent's Asterisk to the leg that it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from ivr.line.ari import Frame

Receive = Callable[[Frame], None]

LOST: Frame = {"type": "ChannelDestroyed", "cause": 0, "cause_txt": "the agent's Asterisk is gone"}
"""What every channel is told when no event will come any more."""


class Switch:
    """`on_arrival` gets the `StasisStart` of channels that nobody watches yet: calls that the hotline places to us."""

    def __init__(self, on_arrival: Receive) -> None:
        self._on_arrival = on_arrival
        self._watched: dict[str, Receive] = {}

    def watch(self, channel: str, receive: Receive) -> None:
        """From now on `receive` gets every event of this channel; it must not block."""
        self._watched[channel] = receive

    def forget(self, channel: str) -> None:
        """Nobody wants to know about this channel any more; no error when nobody did."""
        self._watched.pop(channel, None)

    async def run(self, frames: AsyncIterator[Frame]) -> None:
        """Deliver events until their source ends, which it does by `AsteriskUnavailable`; that ends all channels."""
        try:
            async for frame in frames:
                receive = self._watched.get(channel_of(frame))
                if receive is not None:
                    receive(frame)
                elif frame["type"] == "StasisStart":
                    self._on_arrival(frame)
        finally:
            for receive in list(self._watched.values()):
                receive(LOST)


def channel_of(frame: Frame) -> str:
    """The channel that an event is about, "" when it is about none."""
    channel: Any = frame.get("channel") or frame.get("peer")
    if isinstance(channel, dict):
        return str(channel.get("id", ""))
    media: Any = frame.get("playback") or frame.get("recording")
    if isinstance(media, dict):
        return str(media.get("target_uri", "")).removeprefix("channel:")
    return ""
