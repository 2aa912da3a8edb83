"""A whole recording to text, by the very way that a live call goes."""

from __future__ import annotations

import numpy as np

from ivr.call.effects import Listen
from ivr.call.events import Heard
from ivr.speech import words
from ivr.speech.endpoint import SAMPLE_RATE, Samples
from ivr.speech.recognizer import Ear, SpeechModel

_PIECE_BYTES = 2 * SAMPLE_RATE // 10
_AFTER_SECONDS = 3.0  # the last sentence ends as it would on the line: by silence


def transcribe(model: SpeechModel, samples: Samples, expected: tuple[str, ...] | None = None) -> Heard:
    """Recognise all that is said in 8 kHz samples, sentence after sentence; `expected` limits the words."""
    sound = np.concatenate([samples, np.zeros(int(_AFTER_SECONDS * SAMPLE_RATE), np.float32)])
    audio = np.clip(sound, -32768, 32767).astype("<i2").tobytes()
    ear = Ear(model)
    heard: list[Heard] = []
    began = 0.0
    for place in range(0, len(audio), _PIECE_BYTES):
        if ear.listening is None:
            began = place / 2 / SAMPLE_RATE
            ear.listen(Listen("recording", "ru", expected, trailing_silence_seconds=1.0, max_seconds=60.0))
        heard += [
            _shifted(event, began)
            for event in ear.hear(audio[place : place + _PIECE_BYTES])
            if isinstance(event, Heard)
        ]
    best = [one.text for one in heard]
    return Heard(
        "recording",
        words.joined(best),
        tuple(word for one in heard for word in one.words),
        tuple(
            words.joined([*best[:place], other, *best[place + 1 :]])
            for place, one in enumerate(heard)
            for other in one.alternatives
        ),
    )


def _shifted(heard: Heard, seconds: float) -> Heard:
    moved = tuple(
        type(word)(word.text, word.start_seconds + seconds, word.end_seconds + seconds, word.confidence)
        for word in heard.words
    )
    return Heard(heard.listening, heard.text, moved, heard.alternatives)
