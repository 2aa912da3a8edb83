"""What one call's caller says: on its way from Asterisk to a speech worker. The controller never sees the samples."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ivr.call.effects import Listen
from ivr.call.events import CallId, SpeechLost
from ivr.call.parts import Ear, Speech
from ivr.errors import AsteriskUnavailable, SpeechUnavailable
from ivr.line.asterisk import Line
from ivr.line.channels import Tap

log = structlog.get_logger()


class Hearing:
    """A call's ear and the tap that feeds it; opened at a `Listen`, released when the call waits or an operator talks.

    Many calls never listen (they go straight to a queue, or dial ahead), and a tap is three channels in Asterisk. The
    `Listen` that comes first is kept for the 10 ms until the ear is open: the prompt has not said a word by then. One
    that can't be served at all is answered by `SpeechLost`, so that the menu goes on with keys; the next one tries
    again, for workers that were full or not there yet may have room by then.
    """

    def __init__(self, line: Line, speech: Speech, receive: Callable[[SpeechLost], None]) -> None:
        self._line = line
        self._speech = speech
        self._receive = receive
        self._ear: Ear | None = None
        self._tap: Tap | None = None
        self._wanted: Listen | None = None
        self._opened = False

    async def open(self, call: CallId, channel: str) -> None:
        """Have the caller's audio flow to a speech worker; again, when the worker of before has died."""
        await self._give_back()
        self._opened = True
        try:
            self._ear = await self._speech.open(call)
            self._tap = await self._line.tap(channel, self._ear.host, self._ear.port)
        except (SpeechUnavailable, AsteriskUnavailable, TimeoutError) as error:
            log.info("ear_not_opened", call=call, reason=getattr(error, "what", "no answer in time"))
            wanted, opened = self._wanted, self._opened
            await self.release()
            if opened and wanted is not None:
                self._receive(SpeechLost(wanted.listening, type(error).__name__))
            return
        if not self._opened:  # an operator took over meanwhile
            await self._give_back()
        elif self._wanted is not None:
            self._ear.listen(self._wanted)

    def lose(self) -> bool:
        """What was listened for is lost; True when a worker is gone with it: another ear is worth opening."""
        self._wanted = None
        return self._opened

    def listen(self, request: Listen) -> bool:
        """Listen now, or as soon as it is open; True when it has to be opened first."""
        self._wanted = request
        if not self._opened:
            self._opened = True
            return True
        if self._tap is not None and self._ear is not None:
            self._ear.listen(request)
        return False

    def finish(self, listening: str) -> None:
        """What was heard until now is all that is wanted."""
        if self._ear is not None:
            self._ear.finish(listening)

    def stop(self, listening: str) -> None:
        self._wanted = None
        if self._ear is not None:
            self._ear.stop(listening)

    async def release(self) -> None:
        """Give the worker's place and Asterisk's channels back, until somebody listens again."""
        self._wanted = None
        self._opened = False
        await self._give_back()

    async def _give_back(self) -> None:
        self._close_ear()
        if (tap := self._tap) is not None:
            await self._line.release_tap(tap)
            if self._tap is tap:  # not before it is released: this may be cancelled, and is done again at the end
                self._tap = None

    def _close_ear(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._ear = None
