"""A worker and its client over real sockets: what goes right, and everything that may go wrong between them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from ivr.call.effects import Listen
from ivr.call.events import CallId, Heard, PartlyHeard, SpeechLost, SpeechStarted
from ivr.errors import SpeechBusy, SpeechUnavailable
from ivr.speech.client import Ear, SpeechPool
from ivr.speech.endpoint import Samples
from ivr.speech.protocol import SpeechEvent
from ivr.speech.recognizer import SpeechModel
from ivr.speech.worker import Worker
from tests.ports import free_port

Say = Callable[..., Samples]
TOKEN = "secret"
CALL = CallId("c1")


class Notebook:
    """What the pool reports, call by call."""

    def __init__(self) -> None:
        self.events: list[tuple[CallId, SpeechEvent]] = []
        self._changed = asyncio.Event()

    def note(self, call: CallId, event: SpeechEvent) -> None:
        self.events.append((call, event))
        self._changed.set()

    async def until(self, kind: type[SpeechEvent], call: CallId = CALL, seconds: float = 20.0) -> SpeechEvent:
        """The first event of that kind for the call; fails when none comes in time."""
        async with asyncio.timeout(seconds):
            while True:
                for whose, event in self.events:
                    if whose == call and isinstance(event, kind):
                        return event
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def serving(model: SpeechModel, streams: int = 4) -> AsyncIterator[tuple[Worker, int]]:
    worker = Worker(model, "127.0.0.1", 0, TOKEN, streams)
    port = await worker.start()
    try:
        yield worker, port
    finally:
        await worker.close()


@asynccontextmanager
async def connected(*ports: int, token: str = TOKEN) -> AsyncIterator[tuple[SpeechPool, Notebook]]:
    notebook = Notebook()
    pool = SpeechPool([("127.0.0.1", port) for port in ports], token, notebook.note)
    await pool.start()
    try:
        await settle(lambda: pool.connected == len(ports))
        yield pool, notebook
    finally:
        await pool.close()


async def settle(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so that has no event of its own for us."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  the worker's inside has no event for us
            await asyncio.sleep(0.01)


async def send(ear: Ear, sound: Samples, *, silent_seconds: float = 2.0, source: int = 1) -> None:
    """Send sound as Asterisk does (RTP, L16 big-endian, 20 ms), four times as fast."""
    whole = np.concatenate([sound, np.random.default_rng(1).normal(0, 8, int(silent_seconds * 8000))])
    audio = np.clip(whole, -32768, 32767).astype(">i2").tobytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((ear.host, ear.port))
        for number in range(len(audio) // 320):
            header = struct.pack(">BBHII", 0x80, 118, number % 65536, number * 160, source)
            sender.send(header + audio[number * 320 : number * 320 + 320])
            await asyncio.sleep(0.005)


async def test_what_a_caller_says_comes_back_as_words(model: SpeechModel, say: Say) -> None:
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru"))
        await send(ear, say("соедините меня с оператором"))
        heard = await notebook.until(Heard)
        assert isinstance(heard, Heard)
        assert heard.text == "соедините меня с оператором"
        assert heard.listening == "one"
        assert isinstance(notebook.events[0][1], SpeechStarted)


async def test_calls_do_not_hear_each_other(model: SpeechModel, say: Say) -> None:
    sentences = {CallId("a"): "забыл пароль", CallId("b"): "соедините с оператором", CallId("c"): "оплатить госпошлину"}
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ears = {call: await pool.open(call) for call in sentences}
        for call, ear in ears.items():
            ear.listen(Listen(str(call), "ru"))
        await asyncio.gather(*(send(ears[call], say(text)) for call, text in sentences.items()))
        for call, text in sentences.items():
            heard = await notebook.until(Heard, call)
            assert isinstance(heard, Heard)
            assert (heard.listening, heard.text) == (call, text)


async def test_a_phone_that_sends_nothing_in_silence_still_ends_its_sentence(model: SpeechModel, say: Say) -> None:
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru"))
        await send(ear, say("забыл пароль"), silent_seconds=0)
        await notebook.until(Heard)


async def test_what_was_said_until_now_comes_back_when_it_is_enough(model: SpeechModel, say: Say) -> None:
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru", trailing_silence_seconds=10.0))
        saying = asyncio.create_task(send(ear, say("соедините меня с оператором"), silent_seconds=9.0))
        await notebook.until(PartlyHeard)
        ear.finish("one")
        heard = await notebook.until(Heard)
        assert not saying.done()
        assert isinstance(heard, Heard)
        assert heard.words
        ear.finish("one")  # it is over: nothing follows
        await saying
        assert [event for _, event in notebook.events if isinstance(event, Heard)] == [heard]


async def test_stopped_listening_is_silent_and_the_next_one_works(model: SpeechModel, say: Say) -> None:
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru"))
        ear.stop("one")
        await send(ear, say("соедините с оператором"), silent_seconds=1)
        assert notebook.events == []
        ear.listen(Listen("two", "ru", words=("да", "нет")))
        await asyncio.sleep(0.5)  # another sender is heard when the first has fallen silent
        await send(ear, say("да"), source=2)
        heard = await notebook.until(Heard)
        assert isinstance(heard, Heard)
        assert (heard.listening, heard.text) == ("two", "да")


async def test_a_language_without_a_model_is_said_at_once(model: SpeechModel) -> None:
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "tt"))
        lost = await notebook.until(SpeechLost)
        assert isinstance(lost, SpeechLost)
        assert "tt" in lost.reason


async def test_a_full_house_is_refused_and_room_comes_back(model: SpeechModel) -> None:
    async with serving(model, streams=1) as (worker, port), connected(port) as (pool, _):
        ear = await pool.open(CALL)
        with pytest.raises(SpeechBusy):
            await pool.open(CallId("c2"))
        ear.close()
        await settle(lambda: worker.streams == 0)
        await pool.open(CallId("c3"))


async def test_calls_go_to_the_worker_with_most_room(model: SpeechModel) -> None:
    async with (
        serving(model, 2) as (first, one),
        serving(model, 2) as (second, other),
        connected(one, other) as (pool, _),
    ):
        for number in range(4):
            await pool.open(CallId(f"c{number}"))
            assert abs(first.streams - second.streams) <= 1
        with pytest.raises(SpeechBusy):
            await pool.open(CALL)


async def test_a_call_that_comes_before_the_connection_waits_for_it(model: SpeechModel) -> None:
    """As after a take-over: all calls in menus ask the new controller at once."""
    async with serving(model) as (worker, port):
        pool = SpeechPool([("127.0.0.1", port)], TOKEN, lambda call, event: None)
        await pool.start()
        await asyncio.gather(*(pool.open(CallId(f"c{number}")) for number in range(4)))
        assert worker.streams == 4
        await pool.close()


async def test_without_a_worker_recognition_is_unavailable() -> None:
    pool = SpeechPool([("127.0.0.1", 9)], TOKEN, lambda call, event: None)
    await pool.start()
    with pytest.raises(SpeechUnavailable, match="no speech worker"):
        await pool.open(CALL)
    await pool.close()


async def test_a_wrong_token_gets_nothing(model: SpeechModel) -> None:
    async with serving(model) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"do": "hello", "token": "guess"}\n{"do": "open", "request": "1"}\n')
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 100 + b"\n", b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"x" * 200_000, b'{"token": 5}\n', b"[" * 60_000 + b"\n"],
)
async def test_garbage_on_the_control_port_is_shut_out(model: SpeechModel, garbage: bytes) -> None:
    async with serving(model) as (worker, port), connected(port) as (pool, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage)
        try:
            assert await asyncio.wait_for(reader.read(), 5) == b""
        except ConnectionResetError:
            pass  # closed while our garbage was still on its way
        writer.close()
        await pool.open(CALL)
        assert worker.streams == 1


async def test_garbage_on_the_audio_port_does_not_disturb(model: SpeechModel, say: Say) -> None:
    async with serving(model) as (_, port), connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru"))

        async def disturb() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.connect((ear.host, ear.port))
                for number in range(300):
                    stranger.send(os.urandom(number % 400))
                    noise = np.random.default_rng(number).normal(0, 8000, 160).astype(">i2").tobytes()
                    stranger.send(struct.pack(">BBHII", 0x80, 118, number, number * 160, 99) + noise)
                    await asyncio.sleep(0.005)

        async def speak() -> None:
            await send(ear, say("соедините с оператором"))

        speaking = asyncio.create_task(speak())
        await asyncio.sleep(0.05)  # the first sender is the call's
        await asyncio.gather(speaking, disturb())
        heard = await notebook.until(Heard)
        assert isinstance(heard, Heard)
        assert heard.text == "соедините с оператором"


async def test_a_dead_connection_frees_its_streams(model: SpeechModel) -> None:
    async with serving(model) as (worker, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"do": "hello", "token": "secret"}\n{"do": "open", "request": "1"}\n')
        await reader.readline()
        await reader.readline()
        assert worker.streams == 1
        writer.transport.abort()
        await settle(lambda: worker.streams == 0)


@asynccontextmanager
async def process(model_directory: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    run = f"run(Path({str(model_directory)!r}), '127.0.0.1', {port}, {TOKEN!r}, 4)"
    code = f"from pathlib import Path; from ivr.speech.worker import run; {run}"
    nowhere = asyncio.subprocess.DEVNULL
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=nowhere, stderr=nowhere)
    try:
        yield worker
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.wait()


async def test_a_worker_that_dies_loses_one_utterance_and_its_successor_takes_over(
    model_directory: Path, say: Say
) -> None:
    port = free_port()
    async with process(model_directory, port) as worker, connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru"))
        os.kill(worker.pid, signal.SIGKILL)
        lost = await notebook.until(SpeechLost)
        assert lost.listening == "one"
        ear.listen(Listen("two", "ru"))
        await settle(lambda: len(notebook.events) == 2)
        assert notebook.events[1][1].listening == "two"
        with pytest.raises(SpeechUnavailable):
            await pool.open(CALL)
        async with process(model_directory, port):
            await settle(lambda: pool.connected == 1, seconds=20)
            again = await pool.open(CALL)
            again.listen(Listen("three", "ru"))
            await send(again, say("забыл пароль"))
            heard = await notebook.until(Heard)
            assert isinstance(heard, Heard)
            assert heard.text == "забыл пароль"


async def test_a_worker_that_hangs_is_given_up(model_directory: Path) -> None:
    port = free_port()
    async with process(model_directory, port) as worker, connected(port) as (pool, notebook):
        ear = await pool.open(CALL)
        ear.listen(Listen("one", "ru"))
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            with pytest.raises(SpeechUnavailable):
                await pool.open(CallId("c2"))
            await notebook.until(SpeechLost)
        finally:
            os.kill(worker.pid, signal.SIGCONT)


async def test_a_worker_stops_cleanly_when_asked(model_directory: Path) -> None:
    port = free_port()
    async with process(model_directory, port) as worker, connected(port) as (pool, _):
        await pool.open(CALL)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), 10) == 0
