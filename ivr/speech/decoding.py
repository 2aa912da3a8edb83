"""The one thread of a worker that recognises: all calls in turn, a little of each, so that none waits for another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from ivr.call.effects import FinishListening, Listen, StopListening
from ivr.call.events import SpeechLost
from ivr.speech.endpoint import SAMPLE_RATE
from ivr.speech.protocol import SpeechEvent
from ivr.speech.recognizer import Ear, SpeechModel

_log = structlog.get_logger(__name__)

_TURN_BYTES = 2 * SAMPLE_RATE // 10  # 100 ms of one call, then the next call's turn
_BACKLOG_BYTES = 2 * SAMPLE_RATE * 4  # 4 s behind: recognition that late helps nobody

Report = Callable[[str, Sequence[SpeechEvent]], None]
_Item = Listen | FinishListening | StopListening | bytes


class _Lane:
    """What waits to be done for one call, in order: commands and audio."""

    __slots__ = ("audio_bytes", "ear", "items", "queued")

    def __init__(self, model: SpeechModel) -> None:
        self.ear = Ear(model)
        self.items: deque[_Item] = deque()
        self.audio_bytes = 0
        self.queued = False


class Decoder:
    """Recognises for many calls in one thread; Vosk lets go of the interpreter's lock while it computes.

    `report(stream, events)` is called in that thread. All methods return at once and may be called from any thread.
    """

    def __init__(self, model: SpeechModel, report: Report) -> None:
        self._model = model
        self._report = report
        self._lanes: dict[str, _Lane] = {}
        self._turns: deque[str] = deque()
        self._change = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop after the turn under way and wait for the thread."""
        with self._change:
            self._closing = True
            self._change.notify()
        if self._thread.is_alive():
            self._thread.join()

    def add(self, stream: str) -> None:
        with self._change:
            self._lanes[stream] = _Lane(self._model)

    def remove(self, stream: str) -> None:
        with self._change:
            self._lanes.pop(stream, None)

    def listen(self, stream: str, listen: Listen) -> None:
        self._put(stream, listen)

    def finish(self, stream: str, listening: str) -> None:
        self._put(stream, FinishListening(listening))

    def stop(self, stream: str, listening: str) -> None:
        self._put(stream, StopListening(listening))

    def feed(self, stream: str, audio: bytes) -> None:
        """Append samples (16-bit little-endian, 8 kHz)."""
        self._put(stream, audio)

    @property
    def behind_seconds(self) -> float:
        """How much audio the call that is worst off waits for."""
        with self._change:
            return max((lane.audio_bytes for lane in self._lanes.values()), default=0) / (2 * SAMPLE_RATE)

    def _put(self, stream: str, item: _Item) -> None:
        with self._change:
            lane = self._lanes.get(stream)
            if lane is None:
                return
            lane.items.append(item)
            if isinstance(item, bytes):
                lane.audio_bytes += len(item)
            if not lane.queued:
                lane.queued = True
                self._turns.append(stream)
                self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._turns and not self._closing:
                    self._change.wait()
                if self._closing:
                    return
                stream = self._turns.popleft()
                lane = self._lanes.get(stream)
                if lane is None:
                    continue
                work = _turn(lane)
                lane.queued = bool(lane.items)
                if lane.queued:
                    self._turns.append(stream)
                late = lane.audio_bytes > _BACKLOG_BYTES
                if late:
                    lane.items = deque(item for item in lane.items if not isinstance(item, bytes))
                    lane.audio_bytes = 0
            events = _carry_out(lane.ear, work, late=late)
            if events:
                self._report(stream, events)


def _turn(lane: _Lane) -> list[_Item]:
    """Take the lane's next commands and at most one turn's audio."""
    work: list[_Item] = []
    taken = 0
    while lane.items and taken < _TURN_BYTES:
        item = lane.items.popleft()
        if isinstance(item, bytes):
            taken += len(item)
        work.append(item)
    lane.audio_bytes -= taken
    return work


def _carry_out(ear: Ear, work: Sequence[_Item], *, late: bool) -> list[SpeechEvent]:
    events: list[SpeechEvent] = []
    for item in work:
        try:
            match item:
                case Listen():
                    ear.listen(item)
                case FinishListening(listening):
                    events += ear.finish(listening)
                case StopListening(listening):
                    ear.stop(listening)
                case bytes():
                    events += ear.hear(item)
        except Exception:  # noqa: BLE001  whatever Vosk throws up concerns this call only; the others go on
            _log.exception("recognition failed")
            events += _given_up(ear, "the recogniser failed")
    if late:
        events += _given_up(ear, "the worker is overloaded")
    return events


def _given_up(ear: Ear, reason: str) -> list[SpeechEvent]:
    listening = ear.listening
    if listening is None:
        return []
    ear.stop(listening)
    return [SpeechLost(listening, reason)]
