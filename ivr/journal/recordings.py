"""Recordings at rest: sealed piece by piece (AES-256-GCM) under the call's data key, one folder a day of arrival.

Deleting the data key erases a recording as it does the rest; its file goes with it, or at the end of its time.
"""

from __future__ import annotations

import os
import shutil
import struct
import wave
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.call.identity import arrived_seconds
from ivr.errors import IvrError
from ivr.journal.privacy import PersonalDataUnreadable

SAMPLES_A_SECOND, BYTES_A_SAMPLE = 8000, 2
_PIECE_BYTES = 1 << 20
_NONCE_BYTES, _TAG_BYTES = 12, 16


class RecordingUnknown(IvrError):
    """No recording of that call is kept."""


class Recordings:
    """The sealed recordings under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, call: str) -> Path:
        """Where the call's recording is, or would be; `RecordingUnknown` when no call is named so."""
        arrived = arrived_seconds(call)
        if arrived is None:
            raise RecordingUnknown(f"no call is named {call!r}", hint="`ivr journal` shows the latest")
        return self._folder / f"{datetime.fromtimestamp(arrived, UTC):%Y-%m-%d}" / f"{call}.sealed"

    def seal(self, call: str, key: bytes, plain: Path) -> float:
        """Seal raw sound under the call's key and delete the plain file; returns how many seconds it is. Blocks."""
        target = self.path(call)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = target.with_suffix(".new")
        samples = 0
        with (
            plain.open("rb") as sound,
            os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
        ):
            for number, piece, last in _pieces(sound):
                nonce = os.urandom(_NONCE_BYTES)
                out.write(nonce + AESGCM(key).encrypt(nonce, piece, _context(call, number, last=last)))
                samples += len(piece) // BYTES_A_SAMPLE
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(target)
        plain.unlink()
        return samples / SAMPLES_A_SECOND

    def unseal(self, call: str, key: bytes, to: Path) -> float:
        """Write the recording as a WAV file that only its owner may read; returns its seconds. Blocks.

        `RecordingUnknown` when there is none, `PersonalDataUnreadable` when it was changed or the key is another.
        """
        try:
            sealed = self.path(call).open("rb")
        except FileNotFoundError:
            raise RecordingUnknown(
                f"no recording of call {call} is kept", hint="its caller did not consent, or its time is over"
            ) from None
        samples = 0
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with sealed, os.fdopen(descriptor, "wb") as out, wave.open(out, "wb") as sound:
                sound.setparams((1, BYTES_A_SAMPLE, SAMPLES_A_SECOND, 0, "NONE", "not compressed"))
                for piece in _opened(call, key, sealed):
                    sound.writeframes(piece)
                    samples += len(piece) // BYTES_A_SAMPLE
        except PersonalDataUnreadable:
            to.unlink()
            raise
        return samples / SAMPLES_A_SECOND

    def remove(self, calls: Iterable[str]) -> int:
        """Delete what is kept of these calls; returns how many recordings that were. Blocks."""
        gone = 0
        for call in calls:
            if arrived_seconds(call) is not None and (path := self.path(call)).exists():
                path.unlink()
                gone += 1
        return gone

    def purge(self, before: date) -> int:
        """Delete the recordings of calls that arrived before that day; returns how many. Blocks."""
        gone = 0
        for folder in self._folder.glob("????-??-??"):
            if date.fromisoformat(folder.name) < before:
                gone += len(list(folder.glob("*.sealed")))
                shutil.rmtree(folder)
        return gone


def _pieces(sound: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Number, content, and whether it is the last: a file that lacks its end must not open as a whole one."""
    number, piece = 0, sound.read(_PIECE_BYTES)
    while True:
        following = sound.read(_PIECE_BYTES)
        yield number, piece, not following
        if not following:
            return
        number, piece = number + 1, following


def _opened(call: str, key: bytes, sealed: BinaryIO) -> Iterator[bytes]:
    try:
        size = _NONCE_BYTES + _PIECE_BYTES + _TAG_BYTES
        number, piece = 0, sealed.read(size)
        while True:
            following = sealed.read(size)
            context = _context(call, number, last=not following)
            yield AESGCM(key).decrypt(piece[:_NONCE_BYTES], piece[_NONCE_BYTES:], context)
            if not following:
                return
            number, piece = number + 1, following
    except (InvalidTag, ValueError):
        raise PersonalDataUnreadable(
            f"the recording of call {call} does not open: wrong key, or it was changed"
        ) from None


def _context(call: str, number: int, *, last: bool) -> bytes:
    return call.encode() + struct.pack(">I?", number, last)
