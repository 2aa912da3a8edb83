"""From the end of the last word to the topic, over a worker's real sockets in real time, several callers at once."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import numpy as np

from bench.speech_load import MODEL, ROOT, spoken
from ivr.call.effects import Listen
from ivr.call.events import CallId, Heard, PartlyHeard
from ivr.speech.client import Ear, SpeechPool
from ivr.speech.endpoint import Samples
from ivr.speech.protocol import SpeechEvent
from ivr.speech.recognizer import SpeechModel
from ivr.speech.topics import TopicModel, load_topics
from ivr.speech.worker import Worker

_WANTED_MS = 300.0
_AT_ONCE = 5
_ROUNDS = 3
_AFTER_SECONDS = 1.5


class _Caller:
    """One call: sends its sentence in real time and notes when the topic was found, as a plan's question finds it."""

    def __init__(self, topics: TopicModel) -> None:
        self._topics = topics
        self.decided_at: float | None = None
        self._ear: Ear | None = None

    def hear(self, event: SpeechEvent) -> None:
        match event:
            case PartlyHeard(listening, text, pausing):
                if self._ear is not None and self._topics.settled(text, pausing=pausing) is not None:
                    self._ear.finish(listening)
            case Heard():
                self._topics.classify(event.text, event.alternatives, event.confidence)
                self.decided_at = asyncio.get_running_loop().time()
            case _:
                pass

    async def speak(self, pool: SpeechPool, call: CallId, sound: Samples) -> float:
        """Returns the milliseconds from the last word's end to the topic; before the end counts as 0."""
        loop = asyncio.get_running_loop()
        ear = self._ear = await pool.open(call)
        ear.listen(Listen("bench", "ru"))
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(ear.host, ear.port))
        audio = np.clip(sound, -32768, 32767).astype(">i2").tobytes()
        began = loop.time()
        for number in range(len(audio) // 320):
            await asyncio.sleep(began + (number + 1) * 0.02 - loop.time())
            header = struct.pack(">BBHII", 0x80, 118, number, number * 160, 1)
            transport.sendto(header + audio[number * 320 : number * 320 + 320])
        last_word = began + len(sound) / 8000 - _AFTER_SECONDS
        await asyncio.sleep(0.5)
        transport.close()
        ear.close()
        return 1000 * max(0.0, (self.decided_at or loop.time()) - last_word)


async def measure() -> dict[str, Any]:
    """95th percentile over all sentences."""
    topics = load_topics(ROOT / "dialplans" / "topics.yaml")
    sounds = spoken(after_seconds=_AFTER_SECONDS) * _ROUNDS
    worker = Worker(SpeechModel(MODEL), "127.0.0.1", 0, "bench", 2 * _AT_ONCE)
    callers: dict[CallId, _Caller] = {}
    pool = SpeechPool([("127.0.0.1", await worker.start())], "bench", lambda call, event: callers[call].hear(event))
    await pool.start()
    while not pool.connected:  # noqa: ASYNC110  once, at the start
        await asyncio.sleep(0.05)
    taken: list[float] = []
    for first in range(0, len(sounds), _AT_ONCE):
        group = {CallId(f"c{first + n}"): sound for n, sound in enumerate(sounds[first : first + _AT_ONCE])}
        callers.update({call: _Caller(topics) for call in group})
        taken += await asyncio.gather(*(callers[call].speak(pool, call, sound) for call, sound in group.items()))
    await pool.close()
    await worker.close()
    early = sum(one == 0 for one in taken) / len(taken)
    return {
        "value": round(float(np.percentile(taken, 95))),
        "unit": "ms",
        "baseline": _WANTED_MS,
        "how": f"{len(taken)} sentences in real time, {_AT_ONCE} at once, worker and caller in one process; median"
        f" {np.median(taken):.0f} ms, longest {max(taken):.0f} ms, {early:.0%} decided before the last word had ended",
    }
