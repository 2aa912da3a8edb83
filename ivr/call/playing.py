"""What the caller hears from us: one prompt at a time, or music."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.call.events import Event, PromptFinished
from ivr.errors import AsteriskRefused
from ivr.line.asterisk import Line


class Playing:
    """`receive` gets the end of a prompt that Asterisk does not take: no plan may wait for it."""

    def __init__(self, line: Line, channel: str, receive: Callable[[Event], None]) -> None:
        self._line = line
        self._channel = channel
        self._receive = receive
        self._prompt = ""
        self._music = False

    def take_over(self, prompt: str, *, music: bool) -> None:
        """What a controller of before began goes on in Asterisk until it is stopped."""
        self._prompt, self._music = prompt, music

    async def play(self, playback: str, media: Sequence[str]) -> None:
        self._prompt = playback
        try:
            await self._line.play(self._channel, playback, media)
        except AsteriskRefused as error:
            if not error.channel_gone:
                raise
            self._receive(PromptFinished(playback))

    async def stop(self, playback: str) -> None:
        await self._line.stop_playing(self._channel, playback)

    def finished(self, playback: str) -> None:
        """That prompt is over."""
        if playback == self._prompt:
            self._prompt = ""

    async def start_music(self) -> None:
        self._music = True
        await self._line.start_music(self._channel)

    async def stop_music(self) -> None:
        if self._music:
            self._music = False
            await self._line.stop_music(self._channel)

    async def silence(self) -> None:
        """Neither music nor a prompt from here on."""
        await self.stop_music()
        if self._prompt:
            playback, self._prompt = self._prompt, ""
            await self.stop(playback)
