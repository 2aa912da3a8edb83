"""A model directory judged as the product uses it: from samples in pieces as they come from a telephone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ivr.call.events import Heard
from ivr.speech.recognizer import SpeechModel
from ivr.speech.transcript import transcribe

from recipe.front_end import SAMPLE_RATE
from recipe.held_out import Recording
from recipe.scoring import edit_distance
from recipe.telephone import Samples, band_limited, noise, through_alaw, with_noise

_LOUDNESS = 2000.0  # root mean square of what is heard; a telephone talker is about 24 dB below full scale


@dataclass(frozen=True, slots=True)
class Result:
    """Word errors in per cent, and processor seconds for a second of speech."""

    word_error: float
    real_time_factor: float
    heard: tuple[Heard, ...]


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
    model = SpeechModel(model_directory)
    errors = words = 0
    seconds = spent = 0.0
    heard: list[Heard] = []
    for number, recording in enumerate(recordings):
        padded = np.concatenate([np.zeros(1600), recording.samples, np.zeros(2400)]).astype(np.float32)
        sound = line(padded, number)
        began = time.process_time()
        heard.append(transcribe(model, sound))
        spent += time.process_time() - began
        seconds += len(sound) / SAMPLE_RATE
        expected = recording.text.replace("ё", "е").split()
        errors += edit_distance(expected, heard[-1].text.replace("ё", "е").split())
        words += len(expected)
    return Result(100 * errors / words, spent / seconds, tuple(heard))


def load_seconds(model_directory: Path) -> float:
    began = time.monotonic()
    SpeechModel(model_directory)
    return time.monotonic() - began
