"""The controller's side of recognition: keeps a connection to every speech worker and gives each call an ear.

A worker that dies takes only the utterance in the air with it: its calls get `SpeechLost`, may open another ear at
once, and the connection is made again in the background.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from ivr.call.effects import Listen
from ivr.call.events import CallId, SpeechLost
from ivr.errors import SpeechBusy, SpeechUnavailable
from ivr.speech import protocol
from ivr.speech.protocol import Message, ProtocolViolated, SpeechEvent

_log = structlog.get_logger(__name__)

_OPEN_SECONDS = 2.0  # after a take-over all calls ask at once, and the worker is only just being connected to
_CONNECT_SECONDS = 2.0
_PING_SECONDS = 1.0
_DEAD_SECONDS = 4.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0

OnEvent = Callable[[CallId, SpeechEvent], None]


class Ear:
    """One call's recognition. Send RTP (L16, 8 kHz, mono) to `host`:`port`. No method blocks or raises."""

    def __init__(self, link: _Link, call: CallId, stream: str, port: int) -> None:
        self.call = call
        self.host = link.host
        self.port = port
        self._link = link
        self._stream = stream
        self._listening = ""
        self._lost: str | None = None

    def listen(self, listen: Listen) -> None:
        """Begin a new utterance; the one under way, if any, is given up without an event."""
        if self._lost is not None:
            lost = SpeechLost(listen.listening, self._lost)
            asyncio.get_running_loop().call_soon(self._link.on_event, self.call, lost)
            return
        self._listening = listen.listening
        self._link.send(protocol.listen_message(self._stream, listen))

    def finish(self, listening: str) -> None:
        """End the utterance of that name here; its `Heard` follows at once."""
        if self._lost is None and self._listening == listening:
            self._link.send({"do": "finish", "stream": self._stream, "listening": listening})

    def stop(self, listening: str) -> None:
        """Give up the utterance of that name; nothing follows for it."""
        if self._lost is None and self._listening == listening:
            self._listening = ""
            self._link.send({"do": "stop", "stream": self._stream, "listening": listening})

    def close(self) -> None:
        """End recognition for the call; nothing follows. May be called again."""
        self._listening = ""
        if self._lost is None:
            self._lost = "the ear is closed"
            self._link.forget(self._stream)

    def _deliver(self, event: SpeechEvent) -> None:
        if event.listening != self._listening:
            return  # it was under way as the utterance was stopped
        if not isinstance(event, protocol.ONGOING):
            self._listening = ""
        self._link.on_event(self.call, event)

    def _lose(self, reason: str) -> None:
        listening, self._listening, self._lost = self._listening, "", reason
        self._link.on_event(self.call, SpeechLost(listening, reason))


@dataclass(slots=True)
class _Link:
    """The connection to one worker."""

    host: str
    port: int
    token: str
    on_event: OnEvent
    on_connect: Callable[[], None]
    streams: int = 0
    writer: asyncio.StreamWriter | None = None
    ears: dict[str, Ear] = field(default_factory=dict)
    pending: dict[str, tuple[CallId, asyncio.Future[Ear | None]]] = field(default_factory=dict)
    requests: int = 0

    @property
    def free(self) -> int:
        """How many more calls this worker takes; 0 while not connected."""
        return self.streams - len(self.ears) - len(self.pending) if self.writer else 0

    async def keep(self) -> None:
        """Stay connected until cancelled."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            reason = "the speech worker closed the connection"
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(
                        self.host, self.port, limit=protocol.LINE_LIMIT_BYTES
                    )
                    writer.write(protocol.encode({"do": "hello", "token": self.token}))
                    welcome = protocol.decode(await reader.readline())
                self.streams = int(welcome["streams"])
                self.writer = writer
                self.on_connect()
                pause = _FIRST_PAUSE_SECONDS
                _log.info("speech worker connected", host=self.host, port=self.port, streams=self.streams)
                await self._read(reader)
            except (OSError, TimeoutError, ProtocolViolated, KeyError, ValueError) as error:
                reason = str(error) or "the speech worker does not answer"
            except asyncio.CancelledError:
                reason = "recognition is being shut down"
                raise
            finally:
                self._drop(reason)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        pings = loop.create_task(self._ping(), name="speech pings")
        try:
            async with asyncio.timeout(_DEAD_SECONDS) as deadline:
                while line := await reader.readline():
                    deadline.reschedule(loop.time() + _DEAD_SECONDS)
                    self._receive(protocol.decode(line))
        finally:
            pings.cancel()

    async def _ping(self) -> None:
        while True:
            self.send({"do": "ping"})
            await asyncio.sleep(_PING_SECONDS)

    def _receive(self, message: Message) -> None:
        match message.get("is"):
            case "pong":
                pass
            case "opened":
                self._opened(message)
            case "busy":
                _, answer = self.pending.pop(protocol.text_of(message, "request"), (None, None))
                if answer and not answer.done():
                    answer.set_result(None)
            case "closed":
                ear = self.ears.pop(protocol.text_of(message, "stream"), None)
                if ear:
                    ear._lose(protocol.text_of(message, "reason"))  # noqa: SLF001  link and ear are one thing
            case _:
                ear = self.ears.get(protocol.text_of(message, "stream"))
                if ear:
                    ear._deliver(protocol.event_from(message))  # noqa: SLF001  link and ear are one thing

    def _opened(self, message: Message) -> None:
        stream = protocol.text_of(message, "stream")
        call, answer = self.pending.pop(protocol.text_of(message, "request"), (None, None))
        if call is None or answer is None or answer.done():
            self.send({"do": "close", "stream": stream})  # nobody waits for it any more
            return
        self.ears[stream] = Ear(self, call, stream, int(message["port"]))
        answer.set_result(self.ears[stream])

    async def open(self, call: CallId) -> Ear | None:
        """Ask for an ear; None when the worker is full or gone."""
        self.requests += 1
        request = str(self.requests)
        answer: asyncio.Future[Ear | None] = asyncio.get_running_loop().create_future()
        self.pending[request] = (call, answer)
        self.send({"do": "open", "request": request})
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and (ear := answer.result()):
                ear.close()
            raise
        finally:
            answer.cancel()  # its entry stays, so that a late "opened" finds that nobody waits and is closed again

    def forget(self, stream: str) -> None:
        self.ears.pop(stream, None)
        self.send({"do": "close", "stream": stream})

    def send(self, message: Message) -> None:
        if self.writer:
            self.writer.write(protocol.encode(message))

    def _drop(self, reason: str) -> None:
        if self.writer:
            _log.info("speech worker disconnected", host=self.host, port=self.port, reason=reason, calls=len(self.ears))
            self.writer.transport.abort()
            self.writer = None
        ears, self.ears = tuple(self.ears.values()), {}
        pending, self.pending = tuple(self.pending.values()), {}
        for _, answer in pending:
            if not answer.done():
                answer.set_result(None)
        for ear in ears:
            ear._lose(reason)  # noqa: SLF001  link and ear are one thing


class SpeechPool:
    """All speech workers at `addresses` (host, port). `on_event(call, event)` is called in the event loop."""

    def __init__(self, addresses: Sequence[tuple[str, int]], token: str, on_event: OnEvent) -> None:
        self._connection = asyncio.Event()  # there is one, or there was when somebody looked last
        self._links = [_Link(host, port, token, on_event, self._connection.set) for host, port in addresses]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to connect; returns at once. Calls that come before a worker is there are refused."""
        self._tasks = [
            asyncio.create_task(link.keep(), name=f"speech worker {link.host}:{link.port}") for link in self._links
        ]

    async def close(self) -> None:
        """End all ears and connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connected(self) -> int:
        """How many workers answer."""
        return sum(link.writer is not None for link in self._links)

    @property
    def free(self) -> int:
        """How many more calls can be listened to."""
        return sum(max(link.free, 0) for link in self._links)

    async def open(self, call: CallId) -> Ear:
        """Give the call an ear on the worker with most room, within 2 s.

        Raises SpeechBusy when every worker is full, SpeechUnavailable when none answers.
        """
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                while not self.connected:
                    self._connection.clear()
                    await self._connection.wait()
                for link in sorted((link for link in self._links if link.writer), key=lambda link: -link.free):
                    if link.free > 0 and (ear := await link.open(call)):
                        return ear
        except TimeoutError:
            what = "answered in time" if self.connected else "is connected"
            raise SpeechUnavailable(f"no speech worker {what}", hint="see `ivr status`") from None
        raise SpeechBusy("all speech workers are full", hint="start more workers: speech.workers")
