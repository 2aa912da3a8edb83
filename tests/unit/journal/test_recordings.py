"""Recordings at rest: nobody opens them without the call's key, changed or cut short they do not open at all."""

from __future__ import annotations

import stat
import wave
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ivr.call.identity import new_call_id
from ivr.journal.privacy import PersonalDataUnreadable, new_data_key
from ivr.journal.recordings import Recordings, RecordingUnknown

CALL = new_call_id(1_795_000_000.0, 7)  # 2026-11-18
SOUND = bytes(range(256)) * 10_000  # longer than two pieces
KEY = new_data_key()


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    plain = tmp_path / "plain.sln"
    plain.write_bytes(SOUND)
    kept = Recordings(tmp_path / "recordings")
    assert kept.seal(CALL, KEY, plain) == len(SOUND) / 16_000
    assert not plain.exists()
    return kept


def test_what_was_sealed_is_heard_again(recordings: Recordings, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    assert recordings.unseal(CALL, KEY, heard) == len(SOUND) / 16_000
    with wave.open(str(heard)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.readframes(file.getnframes()) == SOUND
    assert stat.S_IMODE(heard.stat().st_mode) == 0o600


def test_the_file_tells_nothing_and_belongs_to_us_alone(recordings: Recordings) -> None:
    sealed = recordings.path(CALL)
    assert SOUND[:64] not in sealed.read_bytes()
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o600


def flipped(sealed: bytes) -> bytes:
    return sealed[:500] + bytes([sealed[500] ^ 1]) + sealed[501:]


def without_its_end(sealed: bytes) -> bytes:
    return sealed[: 12 + (1 << 20) + 16]


def pieces_exchanged(sealed: bytes) -> bytes:
    size = 12 + (1 << 20) + 16
    return sealed[size : 2 * size] + sealed[:size] + sealed[2 * size :]


@pytest.mark.parametrize("change", [flipped, without_its_end, pieces_exchanged, lambda _: b""])
def test_a_changed_file_does_not_open(recordings: Recordings, tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    sealed = recordings.path(CALL)
    sealed.write_bytes(change(sealed.read_bytes()))
    with pytest.raises(PersonalDataUnreadable):
        recordings.unseal(CALL, KEY, tmp_path / "heard.wav")
    assert not (tmp_path / "heard.wav").exists()


def test_neither_does_another_key(recordings: Recordings, tmp_path: Path) -> None:
    with pytest.raises(PersonalDataUnreadable):
        recordings.unseal(CALL, new_data_key(), tmp_path / "heard.wav")


def test_no_recording_is_a_sentence(recordings: Recordings, tmp_path: Path) -> None:
    for call in (new_call_id(1_795_000_001.0, 7), "../../secret"):
        with pytest.raises(RecordingUnknown):
            recordings.unseal(call, KEY, tmp_path / "heard.wav")
    assert recordings.remove(["../../secret"]) == 0


def test_a_recording_stays_for_its_time(recordings: Recordings) -> None:
    assert recordings.purge(date(2026, 11, 18)) == 0
    assert recordings.purge(date(2026, 11, 19)) == 1
    assert not recordings.path(CALL).parent.exists()
    assert recordings.purge(date(2026, 11, 19)) == 0
