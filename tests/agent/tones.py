"""Who is heard on a line, and when: each speaker is a tone of their own."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

import numpy as np

from tests.agent.conftest import read_samples

TONES: Mapping[str, float] = {"caller": 571.0, "anna": 763.0, "boris": 1231.0, "olga": 1709.0}
_WINDOW = 1600  # 0.2 s at 8 kHz
_SHORTEST_WINDOWS = 3
_QUIET = 30.0
_SOFT_SHARE = 0.02
_LONGEST_PAUSE_WINDOWS = 8
_SHARE = 0.08  # of a window's power; three speakers at once have a third each, music spreads over many


def write_tone(folder: Path, name: str, seconds: float = 40.0) -> Path:
    """A WAV file in which that speaker "talks"."""
    path = folder / f"{name}.wav"
    times = np.arange(round(8000 * seconds)) / 8000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(np.round(5000 * np.sin(2 * np.pi * TONES[name] * times)).astype("<i2").tobytes())
    return path


def heard(recording: Path) -> list[set[str]]:
    """Who is heard, in order; {"music"} for sound of nobody. What lasts less than 0.6 s is passed over."""
    samples = read_samples(recording)
    windows = [_speakers(samples[at : at + _WINDOW]) for at in range(0, len(samples) - _WINDOW + 1, _WINDOW)]
    lasting = [set(who) for who, run in groupby(windows) if len(list(run)) >= _SHORTEST_WINDOWS]
    return [set(who) for who, _ in groupby(frozenset(each) for each in lasting)]


def stretches(recording: Path, name: str) -> int:
    """How often that speaker is heard, however softly, for 0.6 s and more; pauses of up to 1.6 s interrupt nobody."""
    samples = read_samples(recording)
    found: list[list[int]] = []
    for number in range(len(samples) // _WINDOW):
        window = samples[number * _WINDOW : (number + 1) * _WINDOW]
        if float(np.sqrt(np.mean(window**2))) < _QUIET or _shares(window)[name] < _SOFT_SHARE:
            continue
        if found and number - found[-1][-1] <= _LONGEST_PAUSE_WINDOWS:
            found[-1].append(number)
        else:
            found.append([number])
    return sum(len(stretch) >= _SHORTEST_WINDOWS for stretch in found)


def _shares(window: np.ndarray) -> dict[str, float]:
    """How much of the window's power is each speaker's."""
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window)))) ** 2
    frequencies = np.fft.rfftfreq(len(window), 1 / 8000)
    whole = float(np.sum(spectrum))
    return {name: float(np.sum(spectrum[np.abs(frequencies - tone) < 12])) / whole for name, tone in TONES.items()}


def _speakers(window: np.ndarray) -> frozenset[str]:
    if float(np.sqrt(np.mean(window**2))) < _QUIET:
        return frozenset()
    found = {name for name, share in _shares(window).items() if share > _SHARE}
    return frozenset(found or {"music"})
