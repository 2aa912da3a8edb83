"""Makes a prompt's sound fit for the telephone: 8 kHz mono, no silence around it, every prompt equally loud.

Prompts are played one after another as if they were one sentence, so their ends are cut close to the speech and
faded for a few milliseconds: neither gap nor click.
"""

from __future__ import annotations

import os
import struct
import threading
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub looks for ffmpeg as it is imported; WAV files need none
    from pydub import AudioSegment
    from pydub.exceptions import CouldntDecodeError
    from pydub.silence import detect_leading_silence

__all__ = [
    "SPEECH_LEVEL_DBFS",
    "TELEPHONE_RATE",
    "AudioSegment",
    "at_telephone_rate",
    "for_telephone",
    "read_wav",
    "speech_level",
    "write_wav",
]

TELEPHONE_RATE: Final = 8000
"""Samples a second."""

SPEECH_LEVEL_DBFS: Final = -20.0
"""RMS of the frames in which somebody speaks, in dB below full scale."""

_PEAK_LIMIT_DBFS = -1.0
_FRAME_SAMPLES = TELEPHONE_RATE // 50
_SPEECH_RANGE_DB = 30.0  # frames this far below the loudest one are pauses
_TRIM_RANGE_DB = 45.0  # ends are cut where the sound falls this far below the speech: soft consonants stay
_TRIM_STEP_MILLISECONDS = 5
_LEAD_MILLISECONDS = 10
_TAIL_MILLISECONDS = 40
_PAUSE_MILLISECONDS = 150  # after a whole sentence
_FADE_IN_MILLISECONDS = 5
_FADE_OUT_MILLISECONDS = 15
_SILENCE_DBFS = -120.0


def read_wav(data: bytes) -> AudioSegment:
    """The sound of a WAV file. `ValueError` when it is none, or not plain PCM."""
    try:
        sound = AudioSegment(data=data)
    except (CouldntDecodeError, struct.error, KeyError) as error:
        raise ValueError(f"not a WAV file of plain PCM sound ({error})") from error
    if not (1 <= sound.channels <= 8 and 1 <= sound.sample_width <= 4 and 4000 <= sound.frame_rate <= 192_000):
        bits = 8 * sound.sample_width
        raise ValueError(f"not a playable WAV file: {sound.channels} channels, {bits} bits, {sound.frame_rate} Hz")
    return sound[: len(sound)]  # whole frames only: a file cut off in the middle of one is still of use


def write_wav(sound: AudioSegment, path: Path) -> None:
    """Write the file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        sound.export(unfinished, format="wav").close()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def for_telephone(sound: AudioSegment, *, pause_after: bool = False) -> AudioSegment:
    """The sound at 8 kHz, 16 bit, mono; trimmed, levelled and faded. `ValueError` when nothing is heard in it."""
    sound = at_telephone_rate(sound)
    level = speech_level(sound)
    if level <= _SILENCE_DBFS:
        raise ValueError("there is nothing but silence in it")
    trimmed = _trimmed(sound, level - _TRIM_RANGE_DB)
    gain = min(SPEECH_LEVEL_DBFS - level, _PEAK_LIMIT_DBFS - trimmed.max_dBFS)
    levelled = trimmed.apply_gain(gain).fade_in(_FADE_IN_MILLISECONDS).fade_out(_FADE_OUT_MILLISECONDS)
    return levelled + AudioSegment.silent(_PAUSE_MILLISECONDS, TELEPHONE_RATE) if pause_after else levelled


def at_telephone_rate(sound: AudioSegment) -> AudioSegment:
    """The same sound at 8 kHz, 16 bit, mono; neither trimmed nor levelled.

    By the spectrum: pydub's own converter has no filter and folds every "s" back as a whistle.
    """
    sound = sound.set_channels(1).set_sample_width(2)
    if sound.frame_rate == TELEPHONE_RATE or not sound.raw_data:
        return sound
    samples = _samples(sound)
    length = round(len(samples) * TELEPHONE_RATE / sound.frame_rate)
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    spectrum.resize(length // 2 + 1)  # zeros above, where the sound came in at a lower rate
    slower = np.fft.irfft(spectrum, length) * (length / len(samples))
    data = np.clip(np.round(slower * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return AudioSegment(data=data, sample_width=2, frame_rate=TELEPHONE_RATE, channels=1)


def speech_level(sound: AudioSegment) -> float:
    """RMS in dBFS of the 20 ms frames that are within 30 dB of the loudest, so that pauses do not count."""
    samples = _samples(sound)
    frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    powers = np.mean(frames**2, axis=1)
    if not len(powers) or not powers.any():
        return _SILENCE_DBFS
    spoken = powers[powers >= powers.max() * 10 ** (-_SPEECH_RANGE_DB / 10)]
    return float(10 * np.log10(np.mean(spoken)))


def _samples(sound: AudioSegment) -> npt.NDArray[np.float64]:
    """Samples as fractions of full scale."""
    return np.frombuffer(sound.raw_data, dtype="<i2").astype(np.float64) / 32768.0


def _trimmed(sound: AudioSegment, threshold_dbfs: float) -> AudioSegment:
    def silence(piece: AudioSegment) -> int:
        return int(detect_leading_silence(piece, threshold_dbfs, chunk_size=_TRIM_STEP_MILLISECONDS))

    start = max(0, silence(sound) - _LEAD_MILLISECONDS)
    end = len(sound) - max(0, silence(sound.reverse()) - _TAIL_MILLISECONDS)
    return sound[start:end]
