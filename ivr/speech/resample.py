"""Sample rates: telephone sound for wide-band models, and recordings of any rate for the telephone."""

from __future__ import annotations

import math

import numpy as np

from ivr.speech.endpoint import SAMPLE_RATE, Samples

_HALF_WIDTH = 16


class Doubler:
    """8 kHz to 16 kHz, running: every other sample is interpolated by a windowed sinc; delays by 2 ms."""

    __slots__ = ("_past",)

    _OFFSETS = np.arange(-_HALF_WIDTH, _HALF_WIDTH) + 0.5
    _KERNEL = (np.sinc(_OFFSETS) * np.hanning(2 * _HALF_WIDTH + 2)[1:-1]).astype(np.float32)

    def __init__(self) -> None:
        self._past: Samples = np.zeros(2 * _HALF_WIDTH - 1, dtype=np.float32)

    def double(self, samples: Samples) -> Samples:
        """Return twice as many samples as came in."""
        line = np.concatenate([self._past, samples])
        between = np.convolve(line, self._KERNEL, mode="valid")
        doubled = np.empty(2 * len(samples), dtype=np.float32)
        doubled[0::2] = line[_HALF_WIDTH - 1 : _HALF_WIDTH - 1 + len(samples)]
        doubled[1::2] = between
        self._past = line[len(samples) :]
        return np.clip(doubled, -32767, 32767)


def to_telephone(samples: Samples, rate: int) -> Samples:
    """Bring a whole recording of any `rate` (Hz) to 8 kHz, band-limited."""
    if rate == SAMPLE_RATE:
        return samples
    length = max(1, math.floor(len(samples) * SAMPLE_RATE / rate))
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(length // 2 + 1, dtype=spectrum.dtype)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    fade = max(1, len(kept) // 20)  # a soft edge below 4 kHz does not ring
    kept[-fade:] *= np.linspace(1, 0, fade)
    return np.clip(np.fft.irfft(kept, length) * (length / len(samples)), -32767, 32767).astype(np.float32)
