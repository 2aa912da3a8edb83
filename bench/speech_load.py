"""Callers' sound for the speech benches: sentences spoken by the private synthesiser, as the telephone carries them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from ivr.prompts.voice import SpokenVoice
from ivr.provision.progress import Progress
from ivr.provision.setup import provide
from ivr.speech.endpoint import Samples
from ivr.speech.recording import read_recording

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "ru-telephone-8k"

SENTENCES = (
    "не могу войти в личный кабинет",
    "здравствуйте я забыла пароль от госуслуг",
    "не приходит код подтверждения",
    "хочу зарегистрироваться на портале",
    "приложение не открывается на телефоне",
    "не загружаются документы к заявлению",
    "подскажите пожалуйста статус моего заявления",
    "какие документы нужны для замены паспорта",
    "как оплатить госпошлину",
    "деньги списались а штраф не погашен",
    "хочу записаться к врачу",
    "не работает электронная подпись",
    "мошенники взломали мой кабинет",
    "соедините меня с оператором пожалуйста",
    "мне нужен живой человек",
)


def spoken(voice: str = "elena", before_seconds: float = 0.6, after_seconds: float = 1.5) -> list[Samples]:
    """Each sentence at -22 dB below full scale with a quiet line around it; 8 kHz. Ends where the voice ends."""
    synthesiser = provide(ROOT / "var", os.environ, Progress()).synthesiser
    rng = np.random.default_rng(11)
    sounds: list[Samples] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sentence.wav"
        for text in SENTENCES:
            file.write_bytes(SpokenVoice(synthesiser, voice).speak(text))
            sound = _trimmed(read_recording(file))
            sound = sound / np.sqrt(np.mean(sound**2)) * 2600
            line = rng.normal(0, 10, len(sound) + int((before_seconds + after_seconds) * 8000)).astype(np.float32)
            line[int(before_seconds * 8000) : int(before_seconds * 8000) + len(sound)] += sound
            sounds.append(line)
    return sounds


def _trimmed(sound: Samples) -> Samples:
    """Without the synthesiser's silence before and after, so that the end is the last word's end."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]
