"""How many callers one core can listen to at once without falling behind."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.speech_load import MODEL, spoken
from ivr.call.effects import Listen
from ivr.speech.endpoint import SAMPLE_RATE
from ivr.speech.recognizer import Ear, SpeechModel

_WANTED = 12.0
_PIECE_BYTES = 960
_ROUNDS = 4


def measure() -> dict[str, Any]:
    """Seconds of speech recognised in a second of one core's time, callers interleaved as the worker does it."""
    model = SpeechModel(MODEL)
    calls = [np.clip(sound, -32768, 32767).astype("<i2").tobytes() for sound in spoken()]
    heard_seconds = 0.0
    used_seconds = 0.0
    for _ in range(_ROUNDS):
        ears = [Ear(model) for _ in calls]
        for ear in ears:
            ear.listen(Listen("bench", "ru"))
        began = time.thread_time()
        for place in range(0, max(map(len, calls)), _PIECE_BYTES):
            for ear, audio in zip(ears, calls, strict=True):
                ear.hear(audio[place : place + _PIECE_BYTES])
        used_seconds += time.thread_time() - began
        heard_seconds += sum(map(len, calls)) / 2 / SAMPLE_RATE
    return {
        "value": round(heard_seconds / used_seconds, 1),
        "unit": "callers",
        "baseline": _WANTED,
        "how": f"{heard_seconds:.0f} s of speech of {len(calls)} interleaved callers in {used_seconds:.1f} s of one"
        " thread's own time (front end, decoding, endpointing)",
    }
