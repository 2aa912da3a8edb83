"""WAV files of any usual kind as telephone sound: 8 kHz, one channel, 16 bit."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ivr.errors import IvrError
from ivr.speech.endpoint import Samples
from ivr.speech.resample import to_telephone

_EXTENSIBLE = 0xFFFE
_MOST_BYTES = 200_000_000


class RecordingUnreadable(IvrError):
    """The file is no WAV file, or of a kind that cannot be read."""


def read_recording(file: Path) -> Samples:
    """Return the file's sound at 8 kHz, its channels mixed; raises RecordingUnreadable."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise RecordingUnreadable("the recording is too long", where=str(file), hint="cut it into pieces")
        content = file.read_bytes()
    except OSError as error:
        raise RecordingUnreadable(f"cannot be read: {error.strerror}", where=str(file)) from error
    try:
        samples, rate = _decoded(content)
    except (struct.error, ValueError, KeyError) as error:
        raise RecordingUnreadable(
            f"this WAV file cannot be read: {error}", where=str(file), hint="save it as WAV, PCM, 16 bit, mono"
        ) from error
    return to_telephone(samples, rate)


def _decoded(content: bytes) -> tuple[Samples, int]:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("it does not begin as a WAV file")
    chunks = dict(reversed(list(_chunks(content))))  # the first of a kind counts
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if kind == _EXTENSIBLE:
        kind = struct.unpack_from("<H", chunks[b"fmt "], 24)[0]
    if not 1 <= channels <= 16 or not 4000 <= rate <= 384_000:
        raise ValueError(f"{channels} channels at {rate} Hz")
    data = chunks[b"data"]
    whole = len(data) // (channels * bits // 8) * (channels * bits // 8)
    samples = _values(data[:whole], kind, bits).astype(np.float32)
    if len(samples) == 0:
        raise ValueError("there is no sound in it")
    mixed: Samples = samples.reshape(-1, channels).mean(axis=1)
    return mixed, rate


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 12
    while place + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, place)
        yield name, content[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _values(data: bytes, kind: int, bits: int) -> NDArray[Any]:
    match kind, bits:
        case (1, 8):
            return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * 256
        case (1, 16):
            return np.frombuffer(data, "<i2")
        case (1, 24):
            padded = np.zeros((len(data) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            wide: NDArray[Any] = padded.view("<i4").ravel().astype(np.float32) / 65536
            return wide
        case (1, 32):
            return np.frombuffer(data, "<i4").astype(np.float32) / 65536
        case (3, 32 | 64):
            values: NDArray[Any] = np.nan_to_num(np.frombuffer(data, f"<f{bits // 8}"))
            return values.clip(-1, 1) * 32767
        case (6, 8):
            return _ALAW_VALUES[np.frombuffer(data, np.uint8)]
        case (7, 8):
            return _ULAW_VALUES[np.frombuffer(data, np.uint8)]
        case _:
            raise ValueError(f"format {kind} with {bits} bits")


def _alaw_value(code: int) -> int:
    code ^= 0x55
    segment, step = (code & 0x70) >> 4, (code & 0x0F) << 4
    value = step + 8 if segment == 0 else (step + 0x108) << (segment - 1)
    return value if code & 0x80 else -value


def _ulaw_value(code: int) -> int:
    code ^= 0xFF
    value = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return -value if code & 0x80 else value


_ALAW_VALUES = np.array([_alaw_value(code) for code in range(256)], np.float32)
_ULAW_VALUES = np.array([_ulaw_value(code) for code in range(256)], np.float32)
