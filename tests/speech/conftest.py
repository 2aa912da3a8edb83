"""Real recognition: the model that comes with the project, sentences spoken by the private synthesiser's voices."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ivr.prompts.voice import ReadVoice, SpokenVoice
from ivr.provision.progress import Progress
from ivr.provision.setup import provide
from ivr.speech.endpoint import Samples
from ivr.speech.recognizer import SpeechModel
from ivr.speech.recording import read_recording

ROOT = Path(__file__).parents[2]

Say = Callable[..., Samples]


@pytest.fixture(scope="session")
def model_directory() -> Path:
    return ROOT / "models" / "ru-telephone-8k"


@pytest.fixture(scope="session")
def model(model_directory: Path) -> SpeechModel:
    return SpeechModel(model_directory)


@pytest.fixture(scope="session")
def say(tmp_path_factory: pytest.TempPathFactory) -> Say:
    """`say(text, voice="elena", level_db=-22, rate=1)`: a caller's sound at 8 kHz, half a second of quiet around."""
    folder = tmp_path_factory.mktemp("spoken")
    synthesiser = provide(ROOT / "var", os.environ, Progress()).synthesiser
    spoken: dict[tuple[str, str, float], Samples] = {}

    def speak(text: str, voice: str = "elena", level_db: float = -22.0, rate: float = 1.0) -> Samples:
        if (text, voice, rate) not in spoken:
            file = folder / f"{len(spoken)}.wav"
            file.write_bytes(SpokenVoice(synthesiser, voice, rate).speak(text))
            spoken[text, voice, rate] = read_recording(file)
        sound = spoken[text, voice, rate]
        sound = sound / np.sqrt(np.mean(sound**2)) * 32768 * 10 ** (level_db / 20)
        line = np.random.default_rng(5).normal(0, 8, len(sound) + 8000).astype(np.float32)
        line[4000:-4000] += sound
        return line

    return speak


@pytest.fixture(scope="session")
def speak_foreign(tmp_path_factory: pytest.TempPathFactory) -> Say:
    """`speak_foreign(text, language)`: eSpeak's sound at 8 kHz, as loud as a telephone talker."""
    file = tmp_path_factory.mktemp("foreign") / "said.wav"
    tatar = provide(ROOT / "var", os.environ, Progress()).readers["espeak-tt"]

    def speak(text: str, language: str) -> Samples:
        options = tuple(language if option == "tt" else option for option in tatar.reader.options)
        voice = ReadVoice(language, replace(tatar, reader=replace(tatar.reader, options=options)))
        file.write_bytes(voice.speak(text))
        sound = read_recording(file)
        loud: Samples = (sound / np.sqrt(np.mean(sound**2)) * 32768 * 10 ** (-22 / 20)).astype(np.float32)
        return loud

    return speak
