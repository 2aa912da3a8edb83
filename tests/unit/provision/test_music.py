from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from ivr.provision import music


def test_music_is_soft_and_never_clips() -> None:
    sound = music.compose() / 32768
    level = 20 * np.log10(np.sqrt(np.mean(sound**2)))
    assert abs(level - music.LEVEL_DBFS) < 0.1
    assert np.abs(sound).max() < 0.5


def test_the_loop_has_no_seam() -> None:
    sound = music.compose().astype(np.float64)
    # where the end meets the beginning, the step from sample to sample is as small as anywhere else
    assert abs(sound[0] - sound[-1]) <= np.abs(np.diff(sound)).max()
    quarter = sound.size // 4
    # the last seconds ring on into the first: a loop that began in silence would start quieter
    assert np.abs(sound[:4000]).mean() > 0.7 * np.abs(sound[quarter : quarter + 4000]).mean()


def test_all_of_it_fits_into_a_telephones_band() -> None:
    power = np.abs(np.fft.rfft(music.compose())) ** 2
    frequency = np.fft.rfftfreq(music.compose().size, 1 / music.SAMPLE_RATE)
    inside = power[(frequency > 280) & (frequency < 3400)].sum() / power.sum()
    assert inside > 0.99


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "music" / "waiting.wav"
    music.write(path)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert 60 <= file.getnframes() / 8000 <= 70
    path.write_bytes(b"an admin's own")
    music.write(path)
    assert path.read_bytes() == b"an admin's own"
