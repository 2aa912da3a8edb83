"""Sound to features: the front end of the CMU Sphinx cepstra that the people's speech comes in, as Kaldi computes it.

15 mel bands from 200 to 3500 Hz, 13 cepstra: the model hears exactly what the recorded people left behind, so that
nothing sets their speech apart from a caller's. Vosk reads the same numbers from MFCC_CONF.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

SAMPLE_RATE = 8000
WINDOW, SHIFT, FOURIER = 205, 80, 256
BANDS, CEPSTRA, LIFTER = 15, 13, 22
LOW_HERTZ, HIGH_HERTZ = 200.0, 3500.0
FRAMES_A_SECOND = SAMPLE_RATE // SHIFT

MFCC_CONF = f"""--sample-frequency={SAMPLE_RATE}
--window-type=hamming
--frame-length=25.63
--use-energy=false
--num-mel-bins={BANDS}
--num-ceps={CEPSTRA}
--cepstral-lifter={LIFTER}
--low-freq={LOW_HERTZ:g}
--high-freq={HIGH_HERTZ:g}
--dither=0
--allow-upsample=true
--allow-downsample=true
"""
# In calls features are taken more often than in training: all speech seems slower, so that of hurried callers there is
# a frame for each of their sounds. Chosen on the sentences of callers.tsv.
LISTENING_CONF = MFCC_CONF + "--frame-shift=8\n"

# Kaldi's cepstra minus those of sphinx_fe (which scales filters by their width), as measured on the same recordings.
SPHINX_OFFSET = np.array(
    [18.91, -4.42, -0.07, -0.86, 0.21, -0.56, 0.02, -0.35, -0.18, -0.29, 0.04, -0.13, 0.0], dtype=np.float32
)


def _mel(hertz: float | np.ndarray) -> np.ndarray:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


def mel_filters(warp: float = 1.0) -> Tensor:
    """Triangular filters, FOURIER/2+1 × BANDS; `warp` shifts frequencies as a shorter (> 1) vocal tract does."""
    edges = np.linspace(_mel(LOW_HERTZ), _mel(HIGH_HERTZ), BANDS + 2)
    hertz = np.arange(FOURIER // 2 + 1) * SAMPLE_RATE / FOURIER
    bend = 2800.0 * min(1.0, 1.0 / warp)
    warped = np.where(hertz <= bend, hertz * warp, 4000 - (4000 - hertz) * (4000 - bend * warp) / (4000 - bend))
    mel = _mel(warped)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    filters = np.minimum((mel - left) / (centre - left), (right - mel) / (right - centre)).clip(min=0)
    filters[-1] = 0  # Kaldi leaves out the highest bin
    return torch.tensor(filters, dtype=torch.float32)


def cosine_transform() -> np.ndarray:
    """CEPSTRA × BANDS: log-mel to liftered cepstra."""
    order, band = np.arange(CEPSTRA)[:, None], np.arange(BANDS)[None]
    transform = math.sqrt(2 / BANDS) * np.cos(math.pi / BANDS * (band + 0.5) * order)
    transform[0] = math.sqrt(1 / BANDS)
    lifter = 1 + 0.5 * LIFTER * np.sin(math.pi * order / LIFTER)
    return np.asarray(transform * lifter)


TO_CEPSTRA = cosine_transform()
TO_BANDS = np.linalg.pinv(TO_CEPSTRA)  # BANDS × CEPSTRA: the smoothest spectrum with these cepstra
SMOOTHING = torch.tensor(TO_BANDS @ TO_CEPSTRA, dtype=torch.float32)  # what 13 cepstra keep of 15 bands
_HAMMING = torch.hamming_window(WINDOW, periodic=False)
_FILTERS = mel_filters()


def log_mel(samples: Tensor, filters: Tensor = _FILTERS) -> Tensor:
    """Log-mel bands, frames × BANDS, of samples in the range of 16-bit integers."""
    frames = samples.unfold(-1, WINDOW, SHIFT)
    frames = frames - frames.mean(-1, keepdim=True)
    emphasised = torch.cat([frames[..., :1] * 0.03, frames[..., 1:] - 0.97 * frames[..., :-1]], -1)
    spectrum = torch.fft.rfft(emphasised * _HAMMING, FOURIER).abs().square()
    bands: Tensor = (spectrum @ filters).clamp(min=torch.finfo(torch.float32).eps).log()
    return bands


def bands_of_cepstra(cepstra: np.ndarray) -> np.ndarray:
    """Log-mel bands of sphinx_fe cepstra, frames × CEPSTRA."""
    return np.asarray((cepstra + SPHINX_OFFSET) @ TO_BANDS.T.astype(np.float32))
