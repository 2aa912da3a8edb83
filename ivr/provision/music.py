"""Music on hold, composed here so that nobody owns it: a soft arpeggio that loops without a seam."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 8000
LEVEL_DBFS = -26.0  # root mean square; prompts are louder, so that music never drowns them

_BEAT_SECONDS = 0.5
_DECAY_SECONDS = 1.4
# semitones above A4 (440 Hz): four chords of a slow progression; all partials fit into a telephone's band
_CHORDS = ((0, 3, 7, 12), (-4, 0, 3, 8), (-2, 3, 7, 10), (-5, -2, 2, 7))
_PATTERN = (0, 2, 1, 3, 2, 1, 3, 1)
_PARTIALS = ((1.0, 1.0), (2.0, 0.22), (3.0, 0.06))
_ROUNDS = 4


def compose() -> NDArray[np.int16]:
    """One loop of 64 s as 8 kHz samples; a tone that rings beyond the end goes on at the beginning."""
    beat = round(_BEAT_SECONDS * SAMPLE_RATE)
    tones = [chord[step] for _ in range(_ROUNDS) for chord in _CHORDS for step in _PATTERN]
    sound = np.zeros(len(tones) * beat)
    for index, semitones in enumerate(tones):
        tone = _tone(440.0 * 2 ** (semitones / 12))
        places = (index * beat + np.arange(tone.size)) % sound.size
        sound[places] += tone
    sound *= 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(sound**2))
    return np.round(sound * 32767).astype(np.int16)


def write(path: Path) -> None:
    """Write the loop as a WAV file, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with wave.open(str(unfinished), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(compose().astype("<i2").tobytes())
    unfinished.replace(path)


def _tone(frequency: float) -> NDArray[np.float64]:
    time = np.arange(round(3 * _DECAY_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    # a soft attack and a fade to nothing: no clicks
    envelope = np.minimum(time / 0.03, 1.0) * np.exp(-time / _DECAY_SECONDS * 2) * (1 - time / time[-1])
    partials = (share * np.sin(2 * np.pi * frequency * order * time) for order, share in _PARTIALS)
    total: NDArray[np.float64] = envelope * sum(partials)
    return total
