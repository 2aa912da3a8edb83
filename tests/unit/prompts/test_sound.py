import io
import struct
import wave

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.prompts.sound import SPEECH_LEVEL_DBFS, TELEPHONE_RATE, AudioSegment, for_telephone, read_wav, speech_level


def tone(frequency: float, seconds: float, rate: int = 24000, level_dbfs: float = -12.0) -> npt.NDArray[np.float64]:
    times = np.arange(int(seconds * rate)) / rate
    samples: npt.NDArray[np.float64] = 10 ** (level_dbfs / 20) * np.sqrt(2) * np.sin(2 * np.pi * frequency * times)
    return samples


def silence(seconds: float, rate: int = 24000) -> npt.NDArray[np.float64]:
    return np.zeros(int(seconds * rate))


def segment(*parts: npt.NDArray[np.float64], rate: int = 24000) -> AudioSegment:
    data = np.round(np.concatenate(parts) * 32767).astype("<i2").tobytes()
    return AudioSegment(data=data, sample_width=2, frame_rate=rate, channels=1)


def samples(sound: AudioSegment) -> npt.NDArray[np.float64]:
    return np.frombuffer(sound.raw_data, dtype="<i2").astype(np.float64) / 32768


@pytest.mark.parametrize("level_dbfs", [-45.0, -30.0, -20.0, -6.0])
def test_every_prompt_is_equally_loud(level_dbfs: float) -> None:
    prepared = for_telephone(segment(silence(0.5), tone(300, 1.0, level_dbfs=level_dbfs), silence(0.7)))
    assert speech_level(prepared) == pytest.approx(SPEECH_LEVEL_DBFS, abs=0.5)


def test_pauses_do_not_count_as_speech() -> None:
    gapless = segment(tone(300, 2.0, TELEPHONE_RATE), rate=TELEPHONE_RATE)
    gaps = segment(
        tone(300, 1.0, TELEPHONE_RATE),
        silence(2.0, TELEPHONE_RATE),
        tone(300, 1.0, TELEPHONE_RATE),
        rate=TELEPHONE_RATE,
    )
    assert speech_level(gaps) == pytest.approx(speech_level(gapless), abs=0.1)


def test_a_loud_click_never_makes_the_sound_clip() -> None:
    click = tone(300, 0.01, level_dbfs=-3.5)
    prepared = for_telephone(segment(tone(300, 1.0, level_dbfs=-30), click, tone(300, 1.0, level_dbfs=-30)))
    assert np.abs(samples(prepared)).max() < 0.9


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100])
def test_silence_around_the_speech_is_cut_at_any_rate(rate: int) -> None:
    prepared = for_telephone(segment(silence(0.9, rate), tone(400, 0.5, rate), silence(1.3, rate), rate=rate))
    assert prepared.frame_rate == TELEPHONE_RATE
    assert len(prepared) == pytest.approx(550, abs=10)


def test_a_sentence_is_followed_by_a_pause_and_a_piece_is_not() -> None:
    sound = segment(silence(0.3), tone(400, 0.5), silence(0.3))
    assert len(for_telephone(sound, pause_after=True)) - len(for_telephone(sound)) == 150


@pytest.mark.parametrize(
    "sound",
    [
        segment(silence(0.2), tone(300, 0.4), silence(0.2)),
        segment(tone(300, 0.4)[20:-20]),  # cut off at the crest of the wave, as careless recordings are
    ],
)
def test_pieces_join_without_a_click(sound: AudioSegment) -> None:
    piece = for_telephone(sound)
    joined = samples(piece + piece)
    loudest_step_of_a_pure_tone = np.abs(np.diff(samples(piece)[800:2400])).max()
    assert np.abs(np.diff(joined)).max() <= loudest_step_of_a_pure_tone * 1.05


def test_hissing_above_the_telephone_band_is_not_folded_back_as_a_whistle() -> None:
    prepared = for_telephone(segment(tone(500, 1.0), rate=24000))
    hissing = for_telephone(segment(tone(500, 1.0) + tone(5000, 1.0), rate=24000))

    def whistle(sound: AudioSegment) -> float:  # 5 kHz sampled at 8 kHz without a filter would be heard at 3 kHz
        spectrum = np.abs(np.fft.rfft(samples(sound)[400:4400]))
        return float(spectrum[1490:1511].max() / spectrum.max())

    assert whistle(hissing) < 0.01
    assert whistle(hissing) == pytest.approx(whistle(prepared), abs=0.01)


def test_silence_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="silence"):
        for_telephone(segment(silence(1.0)))


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="silence"):
        for_telephone(segment(silence(0.0)))


def stereo_wav() -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", "not compressed"))
        mono = np.round(tone(440, 0.5, 44100) * 32767).astype("<i2")
        file.writeframes(np.repeat(mono, 2).tobytes())
    return written.getvalue()


def test_a_stereo_studio_recording_becomes_telephone_sound() -> None:
    prepared = for_telephone(read_wav(stereo_wav()))
    assert (prepared.channels, prepared.frame_rate, prepared.sample_width) == (1, TELEPHONE_RATE, 2)
    assert len(prepared) == pytest.approx(500, abs=10)


def header(channels: int, rate: int, bits: int) -> bytes:
    body = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, 0, 0, bits)
    return b"RIFF\0\0\0\0WAVE" + body + struct.pack("<4sI", b"data", 16) + b"\x11" * 16


@example(header(channels=0, rate=8000, bits=16))
@example(header(channels=1, rate=0, bits=16))
@example(header(channels=1, rate=8000, bits=0))
@example(header(channels=2, rate=2**31, bits=64))
@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda noise: stereo_wav()[:40] + noise))
@settings(max_examples=200, deadline=None)
def test_whatever_is_in_the_file_it_is_read_or_refused(data: bytes) -> None:
    try:
        prepared = for_telephone(read_wav(data))
    except ValueError:
        return
    assert prepared.frame_rate == TELEPHONE_RATE
