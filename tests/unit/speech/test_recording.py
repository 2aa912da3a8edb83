"""WAV files of every usual kind, and sample rates."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.endpoint import Samples
from ivr.speech.recording import RecordingUnreadable, read_recording
from ivr.speech.resample import Doubler, to_telephone


def wave(rate: int, frequency: float = 440.0, seconds: float = 1.0) -> Samples:
    time = np.arange(int(rate * seconds)) / rate
    return (10_000 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def file(folder: Path, data: bytes, kind: int, rate: int, bits: int, channels: int = 1, before: bytes = b"") -> Path:
    header = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(header)) + header
    body += b"data" + struct.pack("<I", len(data)) + data
    path = folder / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def alaw(samples: Samples) -> bytes:
    """A-law by its definition (G.711), not by the table that is tested."""
    share = np.abs(samples) / 32768
    scale = 1 + np.log(87.6)
    bent = np.where(share < 1 / 87.6, 87.6 * share / scale, (1 + np.log(np.maximum(87.6 * share, 1))) / scale)
    codes = np.minimum((bent * 128).astype(int), 127)
    return bytes(int(code | (0x80 if sample >= 0 else 0)) ^ 0x55 for code, sample in zip(codes, samples, strict=True))


def ulaw(samples: Samples) -> bytes:
    share = np.minimum(np.abs(samples) / 32768, 1)
    codes = np.minimum((np.log1p(255 * share) / np.log(256) * 128).astype(int), 127)
    return bytes(int(code | (0 if sample >= 0 else 0x80)) ^ 0xFF for code, sample in zip(codes, samples, strict=True))


def test_every_usual_kind_sounds_the_same(tmp_path: Path) -> None:
    sound = wave(8000)
    wide = np.repeat((sound * 65536).astype(np.int64)[:, None], 1, axis=1)
    kinds = {
        "8 bit": (1, 8, (sound / 256 + 128).astype(np.uint8).tobytes()),
        "16 bit": (1, 16, sound.astype("<i2").tobytes()),
        "24 bit": (1, 24, b"".join(int(one >> 8).to_bytes(3, "little", signed=True) for (one,) in wide)),
        "32 bit": (1, 32, wide.astype("<i4").tobytes()),
        "float": (3, 32, (sound / 32767).astype("<f4").tobytes()),
        "A-law": (6, 8, alaw(sound)),
        "µ-law": (7, 8, ulaw(sound)),
    }
    for name, (kind, bits, data) in kinds.items():
        read = read_recording(file(tmp_path, data, kind, 8000, bits))
        assert len(read) == len(sound), name
        assert np.sqrt(np.mean((read - sound) ** 2)) < 350, name


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 24_000, 44_100, 48_000])
def test_any_rate_becomes_the_telephone_s(tmp_path: Path, rate: int) -> None:
    both = np.repeat(wave(rate)[:, None], 2, axis=1)  # stereo
    read = read_recording(file(tmp_path, both.astype("<i2").tobytes(), 1, rate, 16, channels=2, before=b"LIST\0\0\0\0"))
    assert len(read) == pytest.approx(8000, abs=2)
    middle = slice(1000, 7000)
    assert np.sqrt(np.mean(read[middle] ** 2)) == pytest.approx(10_000 / np.sqrt(2), rel=0.02)


def test_what_the_telephone_does_not_carry_is_gone() -> None:
    assert np.abs(to_telephone(wave(16_000, frequency=5500), 16_000)[1000:7000]).max() < 100


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"ID3" + bytes(100),
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data\0\0\0\0",
    ],
)
def test_what_is_no_wav_file_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(RecordingUnreadable):
        read_recording(path)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVEfmt " + content)
    with pytest.raises(RecordingUnreadable):
        read_recording(path)


def test_doubling_keeps_the_sound_and_makes_no_images() -> None:
    doubler = Doubler()
    sound = wave(8000, frequency=1000)
    doubled = np.concatenate([doubler.double(sound[place : place + 480]) for place in range(0, len(sound), 480)])
    assert len(doubled) == 2 * len(sound)
    spectrum = np.abs(np.fft.rfft(doubled[1000:-1000] * np.hanning(len(doubled) - 2000)))
    frequencies = np.fft.rfftfreq(len(doubled) - 2000, 1 / 16_000)
    assert frequencies[spectrum.argmax()] == pytest.approx(1000, abs=2)
    assert spectrum[frequencies > 4000].max() < spectrum.max() / 500
