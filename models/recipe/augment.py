"""Random change of speech in the log-mel domain, where people's speech and synthetic speech look alike.

Works on bands of one utterance, frames × BANDS, and knows nothing of where they came from. Sounds add as powers.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from recipe.front_end import BANDS, SMOOTHING, log_mel
from recipe.telephone import Chance, noise

_QUANTISATION_FLOOR = 1.0


def bands_along(bands: Tensor, rows: np.ndarray, columns: np.ndarray) -> Tensor:
    """Bilinear reading of bands at fractional rows (time) and columns (frequency)."""

    def between(values: Tensor, at: np.ndarray, axis: int) -> Tensor:
        low = np.floor(at).astype(np.int64).clip(0, values.shape[axis] - 1)
        high = (low + 1).clip(max=values.shape[axis] - 1)
        share = torch.tensor(at - low, dtype=torch.float32)
        share = share[:, None] if axis == 0 else share[None]
        return (
            values.index_select(axis, torch.from_numpy(low)) * (1 - share)
            + values.index_select(axis, torch.from_numpy(high)) * share
        )

    return between(between(bands, rows, 0), columns, 1)


def augmented(bands: Tensor, chance: Chance, babble: Tensor | None = None) -> Tensor:
    """One random hearing of an utterance. `babble` is another utterance, heard far behind this one."""
    bands = _stretched(bands, chance)
    bands = _with_silence_around(bands, chance)
    if chance.random() < 0.25:
        bands = _reverberant(bands, chance)
    bands = bands + float(chance.uniform(-6, 3))
    loudness = float(torch.quantile(bands.mean(1), 0.9))
    if babble is not None:
        behind = babble[torch.arange(len(bands)) % len(babble)]
        behind = behind - torch.quantile(behind.mean(1), 0.9) + loudness - float(chance.uniform(2.5, 6))
        bands = torch.logaddexp(bands, behind)
    if chance.random() < 0.8:
        bands = torch.logaddexp(bands, _noise_bands(len(bands), loudness, chance))
    bands = torch.logaddexp(bands, torch.randn(bands.shape) * 0.5 + float(chance.uniform(_QUANTISATION_FLOOR - 2, 6)))
    return as_heard(_recoloured(bands, chance))


def as_heard(bands: Tensor) -> Tensor:
    """What the model will hear of these bands through its cepstra."""
    return bands @ SMOOTHING.T


def without_speech(chance: Chance) -> Tensor:
    """Noise, tones or near silence, whose transcript is empty."""
    length = int(chance.integers(4000, 24000))
    time = np.arange(length) / 8000
    sound: np.ndarray = np.zeros(length)
    kind = chance.integers(4)
    if kind == 1:  # ringing
        sound = np.sin(2 * np.pi * 425 * time) * (time % 1.5 < 1)
    elif kind == 2:  # keys
        for _ in range(chance.integers(1, 6)):
            start, keys = int(chance.integers(length)), chance.choice([697, 770, 852, 941, 1209, 1336, 1477], 2)
            pressed = slice(start, start + int(chance.integers(400, 2400)))
            sound[pressed] += sum(np.sin(2 * np.pi * key * time[pressed]) for key in keys)
    elif kind == 3:  # notes
        for _ in range(chance.integers(2, 9)):
            start, pitch = int(chance.integers(length)), chance.uniform(150, 1200)
            played = slice(start, start + int(chance.integers(800, 8000)))
            tone = sum(np.sin(2 * np.pi * pitch * n * time[played]) / n for n in (1, 2, 3))
            sound[played] += tone * np.hanning(len(time[played]))
    sound = sound * 10 ** (chance.uniform(-40, -6) / 20) * 16000
    sound = sound + noise(length, chance) * 10 ** (chance.uniform(-75, -25) / 20) * 32768
    return as_heard(_recoloured(log_mel(torch.from_numpy(sound).float()), chance))


def _stretched(bands: Tensor, chance: Chance) -> Tensor:
    """Another speed, an uneven one, and another vocal tract."""
    frames = len(bands)
    speed = chance.choice([0.8, chance.uniform(0.68, 1.25)])  # calls are heard every 8 ms, these bands are of every 10
    length = max(8, int(frames / speed))
    if chance.random() < 0.5:
        points = max(2, length // 40)
        pace = np.interp(np.arange(length), np.linspace(0, length, points), np.exp(chance.normal(0, 0.2, points)))
        rows = np.cumsum(pace)
        rows = rows / rows[-1] * (frames - 1)
    else:
        rows = np.linspace(0, frames - 1, length)
    columns = np.arange(BANDS, dtype=np.float64)
    if chance.random() < 0.8:
        columns = columns * chance.uniform(0.93, 1.08) + chance.uniform(-0.5, 0.5)
    return bands_along(bands, rows, columns.clip(0, BANDS - 1))


def _with_silence_around(bands: Tensor, chance: Chance) -> Tensor:
    """Frames like the quietest ones before and after."""
    quiet = bands[torch.argsort(bands.mean(1))[: max(3, len(bands) // 25)]]

    def silence() -> Tensor:
        frames = torch.from_numpy(chance.integers(0, len(quiet), int(chance.integers(3, 60))))
        return quiet[frames] + torch.randn(len(frames), BANDS) * 0.3

    return torch.cat([silence(), bands, silence()])


def _reverberant(bands: Tensor, chance: Chance) -> Tensor:
    """Every frame's power rings on, fading exponentially."""
    reach = int(chance.integers(8, 35))
    decay = torch.exp(-13.8 * torch.arange(reach) / reach) * float(chance.uniform(0.05, 0.5))
    decay[0] = 1.0
    power = torch.nn.functional.pad(bands.exp().T[:, None], (reach - 1, 0))
    return torch.nn.functional.conv1d(power, decay.flip(0)[None, None])[:, 0].T.clamp(min=1e-7).log()


def _noise_bands(frames: int, loudness: float, chance: Chance) -> Tensor:
    bands = log_mel(torch.from_numpy(noise(frames * 80 + 205, chance)))[:frames]
    below = chance.choice([chance.uniform(0.7, 3.5), chance.uniform(2.5, 7), chance.uniform(5, 10)])
    return bands - bands.mean() + loudness - float(below)


def _recoloured(bands: Tensor, chance: Chance) -> Tensor:
    """Microphone, band edges, spectral contrast and slow drift."""
    knots = int(chance.integers(2, 6))
    bands = bands + _spread(chance.normal(0, 0.7, knots))
    if chance.random() < 0.4:
        cut = np.zeros(BANDS)
        cut[: chance.integers(0, 3)] = chance.uniform(0, 4)
        cut[BANDS - chance.integers(0, 3) :] = chance.uniform(0, 4)
        bands = bands - torch.tensor(cut, dtype=torch.float32)
    if chance.random() < 0.5:
        bands = bands + (bands - bands.mean(1, keepdim=True)) * float(chance.uniform(-0.2, 0.25))
    if chance.random() < 0.5:
        shape = (1, 1, max(2, len(bands) // int(chance.integers(6, 24))), int(chance.integers(3, 9)))
        drift = torch.from_numpy(chance.standard_normal(shape).astype(np.float32)) * float(chance.uniform(0.1, 0.5))
        size = (len(bands), BANDS)
        bands = bands + torch.nn.functional.interpolate(drift, size=size, mode="bilinear", align_corners=True)[0, 0]
    return bands + torch.randn(bands.shape) * float(chance.uniform(0, 0.25))


def _spread(knots: np.ndarray) -> Tensor:
    return torch.tensor(np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, len(knots)), knots), dtype=torch.float32)


def masked(bands: Tensor, chance: Chance) -> Tensor:
    """Bands and moments hidden, so that no single clue is relied on."""
    bands = bands.clone()
    middle = bands.mean()
    if chance.random() < 0.5:
        width = int(chance.integers(1, 4))
        first = int(chance.integers(0, BANDS - width))
        bands[:, first : first + width] = middle
    for _ in range(chance.integers(0, 3)):
        width = int(chance.integers(2, 12))
        first = int(chance.integers(0, max(1, len(bands) - width)))
        bands[first : first + width] = middle
    return bands
