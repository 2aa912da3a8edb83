"""A speech worker: a process that takes callers' audio by RTP and sends back what they said.

One TCP connection a controller carries control (see `protocol`), one UDP port a call carries its audio. Everything
that belongs to a connection ends with it.
"""

from __future__ import annotations

import asyncio
import hmac
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from ivr.call.events import SpeechLost
from ivr.speech import protocol, rtp
from ivr.speech.decoding import Decoder
from ivr.speech.protocol import Message, ProtocolViolated, SpeechEvent
from ivr.speech.recognizer import SpeechModel

_log = structlog.get_logger(__name__)

_HELLO_SECONDS = 2.0
_SILENT_CONTROLLER_SECONDS = 15.0  # it pings every second
_IDLE_STREAM_SECONDS = 30.0
_BEHIND_SECONDS = 1.0  # so far behind, one more call would make it worse for all
_FEED_BYTES = 960  # 60 ms: fewer, larger hand-overs to the decoding thread
_STARVED_SECONDS = 0.3
_SILENCE = bytes(1600)  # 100 ms
_TICK_SECONDS = 0.1
_MOST_UNSENT_BYTES = 1 << 20


class _Stream(asyncio.DatagramProtocol):
    """The UDP end of one call's audio: one sender, in order, handed over in pieces of 60 ms."""

    def __init__(self, name: str, decoder: Decoder, now: float) -> None:
        self.name = name
        self.last_audio = now
        self._decoder = decoder
        self._sender: Any = None
        self._reassembly = rtp.Reassembly()
        self._ready = bytearray()
        self._loop = asyncio.get_running_loop()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        now = self._loop.time()
        if addr != self._sender and self._sender is not None and now - self.last_audio < _STARVED_SECONDS:
            return  # a second sender is heard only after the first has fallen silent
        packet = rtp.parse(data)
        if packet is None:
            return
        self._sender, self.last_audio = addr, now
        self._ready += self._reassembly.accept(packet)
        if len(self._ready) >= _FEED_BYTES:
            self._decoder.feed(self.name, bytes(self._ready))
            self._ready.clear()

    def error_received(self, exc: Exception) -> None:
        _log.debug("datagram error", error=str(exc))

    def starving(self, now: float) -> bool:
        """Whether audio came before but has stopped: phones that send nothing in silence would never end a sentence."""
        return self._sender is not None and now - self.last_audio > _STARVED_SECONDS


@dataclass(frozen=True, slots=True)
class _Open:
    """A stream in use: its socket and the controller's connection that it belongs to."""

    stream: _Stream
    transport: asyncio.DatagramTransport
    owner: asyncio.StreamWriter


class Worker:
    """Serves controllers on `host`:`port` (0: any free one) with at most `streams` calls at a time."""

    def __init__(
        self, model: SpeechModel, host: str, port: int, token: str, streams: int, language: str = "ru"
    ) -> None:
        self._host = host
        self._port = port
        self._token = token
        self._limit = streams
        self._language = language
        self._decoder = Decoder(model, self._report)
        self._streams: dict[str, _Open] = {}
        self._opening = 0
        self._names = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[Any]] = {}

    async def start(self) -> int:
        """Begin to serve; returns the port."""
        self._loop = asyncio.get_running_loop()
        self._decoder.start()
        self._server = await asyncio.start_server(
            self._connected, self._host, self._port, limit=protocol.LINE_LIMIT_BYTES
        )
        self._watch = asyncio.create_task(self._watch_streams(), name="speech streams")
        port = int(self._server.sockets[0].getsockname()[1])
        _log.info("speech worker ready", host=self._host, port=port, streams=self._limit)
        return port

    async def close(self) -> None:
        """Stop serving, let go of all streams and wait for the decoding thread."""
        if self._watch:
            self._watch.cancel()
        if self._server:
            self._server.close()
        for writer in tuple(self._connections):
            writer.transport.abort()  # its task reads the end and cleans up
        await asyncio.gather(*self._connections.values(), return_exceptions=True)
        await asyncio.to_thread(self._decoder.close)
        _log.info("speech worker stopped")

    @property
    def streams(self) -> int:
        """How many calls are being listened to."""
        return len(self._streams)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[writer] = task
        try:
            await self._serve(reader, writer)
        except (ProtocolViolated, TimeoutError, OSError, ValueError) as error:  # ValueError: a line without end
            _log.warning("controller's connection closed", reason=str(error) or type(error).__name__)
        finally:
            del self._connections[writer]
            for name in [name for name, opened in self._streams.items() if opened.owner is writer]:
                self._close_stream(name)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HELLO_SECONDS):
            hello = protocol.decode(await reader.readline())
        token = protocol.text_of(hello, "token")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ProtocolViolated("wrong token")
        self._send(writer, {"is": "welcome", "streams": self._limit})
        while True:
            async with asyncio.timeout(_SILENT_CONTROLLER_SECONDS):
                line = await reader.readline()
            if not line:
                return
            await self._do(protocol.decode(line), writer)

    async def _do(self, message: Message, writer: asyncio.StreamWriter) -> None:
        match message.get("do"):
            case "ping":
                self._send(writer, {"is": "pong"})
            case "open":
                await self._open(message, writer)
            case "listen":
                self._listen(protocol.text_of(message, "stream"), protocol.listen_from(message), writer)
            case "finish" | "stop" as end:
                name, listening = protocol.text_of(message, "stream"), protocol.text_of(message, "listening")
                if self._owned(name, writer):
                    (self._decoder.finish if end == "finish" else self._decoder.stop)(name, listening)
            case "close":
                name = protocol.text_of(message, "stream")
                if self._owned(name, writer):
                    self._close_stream(name)
            case unknown:
                raise ProtocolViolated(f"cannot do {unknown!r}")

    async def _open(self, message: Message, writer: asyncio.StreamWriter) -> None:
        request = protocol.text_of(message, "request")
        if len(self._streams) + self._opening >= self._limit or self._decoder.behind_seconds > _BEHIND_SECONDS:
            self._send(writer, {"is": "busy", "request": request})
            return
        loop = asyncio.get_running_loop()
        self._names += 1
        name = str(self._names)
        self._opening += 1
        try:
            self._decoder.add(name)
            transport, stream = await loop.create_datagram_endpoint(
                lambda: _Stream(name, self._decoder, loop.time()), local_addr=(self._host, 0)
            )
        except OSError as error:
            self._decoder.remove(name)
            _log.warning("no port for a stream", error=str(error))
            self._send(writer, {"is": "busy", "request": request})
            return
        finally:
            self._opening -= 1
        self._streams[name] = _Open(stream, transport, writer)
        port = transport.get_extra_info("sockname")[1]
        self._send(writer, {"is": "opened", "request": request, "stream": name, "port": port})

    def _listen(self, name: str, listen: Any, writer: asyncio.StreamWriter) -> None:
        if not self._owned(name, writer):
            self._send(writer, protocol.event_message(name, SpeechLost(listen.listening, "the stream is closed")))
        elif listen.language != self._language:
            reason = f"no speech model for language {listen.language}"
            self._send(writer, protocol.event_message(name, SpeechLost(listen.listening, reason)))
        else:
            self._decoder.listen(name, listen)

    def _owned(self, name: str, writer: asyncio.StreamWriter) -> bool:
        return name in self._streams and self._streams[name].owner is writer

    def _close_stream(self, name: str) -> None:
        self._streams.pop(name).transport.close()
        self._decoder.remove(name)

    def _report(self, stream: str, events: Sequence[SpeechEvent]) -> None:
        """Called in the decoding thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, stream, events)

    def _deliver(self, name: str, events: Sequence[SpeechEvent]) -> None:
        opened = self._streams.get(name)
        if opened:
            for event in events:
                self._send(opened.owner, protocol.event_message(name, event))

    def _send(self, writer: asyncio.StreamWriter, message: Message) -> None:
        if writer.transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            writer.transport.abort()  # a controller that does not read
        else:
            writer.write(protocol.encode(message))

    async def _watch_streams(self) -> None:
        """Absence has no event: once a tick, look for streams whose audio has stopped."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = loop.time()
            for name, opened in tuple(self._streams.items()):
                if now - opened.stream.last_audio > _IDLE_STREAM_SECONDS:
                    self._send(opened.owner, {"is": "closed", "stream": name, "reason": "no audio came"})
                    self._close_stream(name)
                elif opened.stream.starving(now):
                    self._decoder.feed(name, _SILENCE)


async def _serve_until_stopped(worker: Worker) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await worker.start()
    try:
        await stopped.wait()
    finally:
        await worker.close()


def run(model_directory: Path, host: str, port: int, token: str, streams: int) -> None:
    """Load the model and serve until SIGTERM or SIGINT. Raises SpeechUnavailable when the model is unusable."""
    asyncio.run(_serve_until_stopped(Worker(SpeechModel(model_directory), host, port, token, streams)))
