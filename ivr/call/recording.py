"""What is kept of a call's sound: recorded by Asterisk with the caller's consent, sealed as soon as it is whole.

A `Recording` is one call's part; `Sealing` takes every finished recording, also those that a dead controller left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

import structlog
from redis.exceptions import RedisError

from ivr.call.events import CallId
from ivr.errors import AsteriskRefused, AsteriskUnavailable, IvrError
from ivr.journal.recordings import Recordings
from ivr.line.asterisk import Line
from ivr.line.events import RecordingDone
from ivr.line.tape import SUFFIX, Tape

log = structlog.get_logger()

Record = Callable[[str, Mapping[str, str | int | float | bool | None]], None]
_AGAIN_SECONDS = 60.0
_CLOSE_SECONDS = 3.0


class Recording:
    """The recording of one call, on a channel of its own that hears both sides, whoever the other side is."""

    def __init__(self, call: CallId, channel: str, line: Line, record: Record) -> None:
        self._call = call
        self._channel = channel
        self._ear = f"{channel}-record"
        self._line = line
        self._record = record
        self._began = self._paused = False

    @property
    def going_on(self) -> bool:
        """Whether there is one, paused or not."""
        return self._began

    async def begin(self) -> None:
        """Record from now on; a call that can't be recorded goes on without."""
        try:
            await self._line.listen_in(self._channel, whisper=False, name=self._ear)
            await self._line.tape.begin(self._call, self._ear)
        except (AsteriskRefused, AsteriskUnavailable, TimeoutError) as error:
            log.warning("recording_failed", call=self._call, kind=type(error).__name__)
            self._record("recording_failed", {"reason": type(error).__name__})
            await self._line.hang_up(self._ear)
            return
        self._began = True
        self._record("recording_began", {})

    def take_over(self) -> None:
        """Another controller began it, and may have paused it."""
        self._began = self._paused = True

    async def pause(self) -> None:
        """Nothing is heard from here on; when that can't be had, the recording ends."""
        if not self._began:
            return
        try:
            paused = await self._line.tape.mute(self._call)
        except (AsteriskRefused, AsteriskUnavailable):
            paused = False
        if paused:
            self._paused = True
            self._record("recording_paused", {})
        else:
            await self.end()

    async def resume(self) -> None:
        if self._began and self._paused:
            self._paused = False
            if await self._line.tape.unmute(self._call):
                self._record("recording_resumed", {})

    async def end(self) -> None:
        """The call is over; no error when its recording has ended with it."""
        if self._began:
            self._began = False
            await self._line.hang_up(self._ear)


class Sealing:
    """Seals finished recordings, one after another, beside the event loop.

    `plain`: where Asterisk puts them. `key_of` gives a call's data key, whoever began the call; `record` writes the
    journal.
    """

    def __init__(
        self,
        tape: Tape,
        plain: Path,
        recordings: Recordings,
        key_of: Callable[[str], Awaitable[bytes]],
        record: Callable[[str, str, str, Mapping[str, str | int | float | bool | None]], None],
    ) -> None:
        self._tape = tape
        self._plain = plain
        self._recordings = recordings
        self._key_of = key_of
        self._record = record
        self._finished: asyncio.Queue[str] = asyncio.Queue()
        self._sealed = asyncio.Event()

    def done(self, event: RecordingDone) -> None:
        """Asterisk has closed a recording; never blocks."""
        self._finished.put_nowait(event.name)

    async def run(self) -> None:
        """Seal for ever; what can't be sealed now is tried again."""
        loop = asyncio.get_running_loop()
        while True:
            name = await self._finished.get()
            try:
                await self._seal(name)
            except (OSError, IvrError, RedisError, TimeoutError) as error:
                log.warning(
                    "recording_not_sealed", call=name, kind=type(error).__name__, again_in_seconds=_AGAIN_SECONDS
                )
                loop.call_later(_AGAIN_SECONDS, self._finished.put_nowait, name)
            else:
                self._sealed.set()

    async def sweep(self, going_on: Collection[str]) -> None:
        """Recordings of calls that are no more: those still running are stopped, all are sealed."""
        for name in await asyncio.to_thread(self._left):
            if name not in going_on and not await self._tape.stop(name):  # one that ran says itself when it is whole
                self._finished.put_nowait(name)

    async def close(self) -> None:
        """Wait until what the last calls left behind is sealed; bounded."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                while await asyncio.to_thread(self._left):
                    await self._sealed.wait()
                    self._sealed.clear()
        except TimeoutError:
            log.warning("recordings_left_plain", until="the next start")

    def _left(self) -> list[str]:
        return sorted(plain.stem for plain in self._plain.glob(f"*{SUFFIX}"))

    async def _seal(self, name: str) -> None:
        plain = self._plain / f"{name}{SUFFIX}"
        if not await asyncio.to_thread(plain.exists):
            return  # sealed already: its end was told twice
        key = await self._key_of(name)
        seconds = await asyncio.to_thread(self._recordings.seal, name, key, plain)
        self._record(name, "recorded", "", {"seconds": round(seconds, 1)})
