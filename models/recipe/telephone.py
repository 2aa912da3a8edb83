"""What a telephone line does to sound: band limits, room, companding, lost packets, clipping, noise."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, fftconvolve, lfilter

Samples = np.ndarray
Chance = np.random.Generator
_FULL_SCALE = 32767.0


def through_alaw(samples: Samples) -> Samples:
    """As G.711 A-law carries it: 8 bits, logarithmic."""
    level = np.abs(samples).clip(max=_FULL_SCALE) / 32768
    bend = 1 + np.log(87.6)
    code = np.where(level < 1 / 87.6, 87.6 * level / bend, (1 + np.log(np.maximum(87.6 * level, 1e-9))) / bend)
    code = (np.floor(code * 128) + 0.5) / 128
    level = np.where(code < 1 / bend, code * bend / 87.6, np.exp(code * bend - 1) / 87.6)
    return np.asarray(np.sign(samples) * level * 32768, dtype=np.float32)


def noise(length: int, chance: Chance) -> Samples:
    """White, rumbling, coloured or humming noise of unit power, sometimes swelling."""
    white: Samples = chance.standard_normal(length).astype(np.float32)
    kind = chance.integers(5)
    if kind == 1:
        white = lfilter([1], [1, -chance.uniform(0.8, 0.99)], white)
    elif kind == 2:
        white = lfilter([1], [1, -1.9 * np.cos(chance.uniform(0.1, 2.5)), 0.9025], white)
    elif kind == 3:
        time = np.arange(length) / 8000
        pitch = chance.choice([50.0, 100.0, chance.uniform(100, 1000)])
        white = 0.5 * white + sum(3 / n * np.sin(2 * np.pi * pitch * n * time + n) for n in (1, 2, 3, 5))
    if chance.random() < 0.3:
        points = max(3, length // 1500)
        white = white * np.interp(np.arange(length), np.linspace(0, length, points), chance.uniform(0.05, 1, points))
    return np.asarray(white / (white.std() + 1e-6), dtype=np.float32)


def with_noise(samples: Samples, decibels: float, sound: Samples) -> Samples:
    """`sound` of unit power added at a signal-to-noise ratio measured over the whole utterance."""
    return np.asarray(samples + sound * np.sqrt(np.mean(samples**2)) * 10 ** (-decibels / 20), dtype=np.float32)


def band_limited(samples: Samples, low_hertz: float = 300, high_hertz: float = 3400) -> Samples:
    b, a = butter(2, [low_hertz / 4000, high_hertz / 4000], "band")
    return np.asarray(lfilter(b, a, samples), dtype=np.float32)


def spoil(samples: Samples, chance: Chance) -> Samples:
    """A random telephone: each impairment with its own chance."""
    samples = np.concatenate([np.zeros(chance.integers(200, 3000)), samples, np.zeros(chance.integers(400, 3000))])
    if chance.random() < 0.3:
        length = int(8000 * chance.uniform(0.05, 0.35))
        room = chance.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length) * chance.uniform(0.01, 0.1)
        room[0] = 1
        samples = fftconvolve(samples, room)[: len(samples)]
    if chance.random() < 0.8:
        samples = band_limited(samples, chance.uniform(80, 400), chance.uniform(2900, 3850))
    samples = samples * 10 ** (chance.uniform(-24, 0) / 20)
    if chance.random() < 0.5:
        samples = with_noise(samples, chance.uniform(10, 40), noise(len(samples), chance))
    if chance.random() < 0.1:
        loud = 2.5 * np.sqrt(np.mean(samples**2))
        samples = samples.clip(-loud, loud)
    if chance.random() < 0.15:
        # Lost packets of 20 ms, the last one repeated more quietly as receivers do.
        for packet in np.flatnonzero(chance.random(len(samples) // 160) < chance.uniform(0.005, 0.04)):
            if packet > 0:
                samples[packet * 160 : packet * 160 + 160] = 0.5 * samples[packet * 160 - 160 : packet * 160]
    return through_alaw(samples) if chance.random() < 0.8 else np.asarray(np.round(samples), dtype=np.float32)
