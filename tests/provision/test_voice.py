"""The free voices, speaking for real."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from ivr.prompts.voice import SpokenVoice
from ivr.provision.setup import Provisions
from ivr.provision.voices import FREE_VOICES


@pytest.mark.parametrize("name", FREE_VOICES)
def test_speaks_as_long_as_the_text_takes(provisions: Provisions, name: str) -> None:
    voice = SpokenVoice(provisions.synthesiser, name)
    with wave.open(io.BytesIO(voice.speak("Здравствуйте! Назовите, пожалуйста, причину обращения."))) as speech:
        sound = np.frombuffer(speech.readframes(speech.getnframes()), np.int16)
        assert (speech.getnchannels(), speech.getsampwidth()) == (1, 2)
        assert 2.0 < sound.size / speech.getframerate() < 7.0
    assert np.sqrt(np.mean(sound.astype(float) ** 2)) > 300


def test_a_faster_pace_is_shorter(provisions: Provisions) -> None:
    text = "Соединяем вас с оператором."
    usual, fast = (len(SpokenVoice(provisions.synthesiser, "anna", rate).speak(text)) for rate in (1.0, 1.5))
    assert fast < 0.85 * usual
