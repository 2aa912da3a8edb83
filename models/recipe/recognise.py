"""A model directory judged as the product uses it: by Vosk, from samples in pieces as they come from a telephone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipe.front_end import SAMPLE_RATE
from recipe.held_out import Recording
from recipe.scoring import edit_distance
from recipe.telephone import Samples, band_limited, noise, through_alaw, with_noise

_PIECE_BYTES = 3200  # 0.2 s
_LOUDNESS = 2000.0  # root mean square of what is heard; a telephone talker is about 24 dB below full scale


@dataclass(frozen=True, slots=True)
class Result:
    """Word errors in per cent, and processor seconds for a second of speech."""

    word_error: float
    real_time_factor: float
    heard: tuple[str, ...]


def on_telephone(samples: Samples, decibels: float, seed: int) -> Samples:
    """Telephone band, noise at a signal-to-noise ratio, A-law; the noise's kind and shape come from the seed."""
    chance = np.random.default_rng(seed)
    samples = band_limited(samples)
    samples = samples * _LOUDNESS / np.sqrt(np.mean(samples**2))
    return through_alaw(with_noise(samples, decibels, noise(len(samples), chance)))


def recognise(
    model_directory: Path, recordings: Sequence[Recording], line: Callable[[Samples, int], Samples] = lambda x, _: x
) -> Result:
    """Recognise every recording after `line` has changed it (samples and a number for its randomness)."""
    import vosk

    vosk.SetLogLevel(-1)
    model = vosk.Model(str(model_directory))
    errors = words = 0
    seconds = spent = 0.0
    heard: list[str] = []
    for number, recording in enumerate(recordings):
        padded = np.concatenate([np.zeros(1600), recording.samples, np.zeros(2400)]).astype(np.float32)
        sound = line(padded, number).clip(-32768, 32767).astype(np.int16).tobytes()
        began = time.process_time()
        recogniser = vosk.KaldiRecognizer(model, SAMPLE_RATE)
        pieces = (sound[at : at + _PIECE_BYTES] for at in range(0, len(sound), _PIECE_BYTES))
        texts = [json.loads(recogniser.Result())["text"] for piece in pieces if recogniser.AcceptWaveform(piece)]
        texts.append(json.loads(recogniser.FinalResult())["text"])
        spent += time.process_time() - began
        seconds += len(sound) / 2 / SAMPLE_RATE
        heard.append(" ".join(" ".join(texts).split()))
        expected = recording.text.replace("ё", "е").split()
        errors += edit_distance(expected, heard[-1].replace("ё", "е").split())
        words += len(expected)
    return Result(100 * errors / words, spent / seconds, tuple(heard))


def load_seconds(model_directory: Path) -> float:
    import vosk

    vosk.SetLogLevel(-1)
    began = time.monotonic()
    vosk.Model(str(model_directory))
    return time.monotonic() - began
