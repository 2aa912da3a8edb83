import io
import os
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ivr.errors import SetupFailed
from ivr.prompts.build import Built, build
from ivr.prompts.media import PromptMedia, locate


class Catalogue:
    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def all(self) -> Iterator[tuple[str, str, str]]:
        yield from (("ru", prompt, text) for prompt, text in self.texts.items())

    def is_piece(self, prompt: str) -> bool:
        return prompt.startswith("number_")


class HummingVoice:
    """Hums half a second for each text; the pitch tells texts apart."""

    def __init__(self, fails_on: str = "") -> None:
        self.spoken: list[str] = []
        self.fails_on = fails_on

    def speak(self, text: str) -> bytes:
        if text == self.fails_on:
            raise SetupFailed("the voice is gone")
        self.spoken.append(text)
        return hum(200.0 + sum(text.encode()) % 400)


def hum(frequency: float) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, 24000, 0, "NONE", "not compressed"))
        file.writeframes(
            np.round(9000 * np.sin(2 * np.pi * frequency * np.arange(12000) / 24000)).astype("<i2").tobytes()
        )
    return written.getvalue()


@pytest.fixture
def voice() -> HummingVoice:
    return HummingVoice()


def at(root: Path, catalogue: Catalogue, voice_version: str = "anna 1") -> PromptMedia:
    return locate(catalogue, {"ru": voice_version}, root / "prompts", root / "var")


def test_every_prompt_gets_a_telephone_file(tmp_path: Path, voice: HummingVoice) -> None:
    media = at(tmp_path, Catalogue(greeting="Здравствуйте!", number_21="двадцать один"))
    assert build(media, {"ru": voice}) == Built(made=2, kept=0, removed=0)
    with wave.open(str(media.path("ru", "greeting"))) as file:
        assert file.getparams()[:3] == (1, 2, 8000)
    assert media.path("ru", "greeting").parent == tmp_path / "var" / "ru"


def test_no_pause_is_left_where_the_sentence_goes_on(tmp_path: Path) -> None:
    texts = Catalogue(hello="Здравствуйте!", said="Скажите «да».", position="Вы в очереди", until="Ответ до —")
    media = at(tmp_path, texts)
    assert {file.prompt for file in media.files if file.piece} == {"position", "until"}


def test_only_what_changed_is_made_again(tmp_path: Path, voice: HummingVoice) -> None:
    build(at(tmp_path, Catalogue(greeting="Здравствуйте!", menu="Скажите, что случилось.")), {"ru": voice})
    voice.spoken.clear()
    changed = at(tmp_path, Catalogue(greeting="Добрый день!", menu="Скажите, что случилось."))
    assert build(changed, {"ru": voice}) == Built(made=1, kept=1, removed=0)
    assert voice.spoken == ["Добрый день!"]


def test_another_voice_makes_all_again(tmp_path: Path, voice: HummingVoice) -> None:
    catalogue = Catalogue(greeting="Здравствуйте!")
    build(at(tmp_path, catalogue), {"ru": voice})
    assert build(at(tmp_path, catalogue, "elena 1"), {"ru": voice}).made == 1


def test_a_recording_takes_the_place_of_the_voice(tmp_path: Path, voice: HummingVoice) -> None:
    recorded = tmp_path / "prompts" / "ru" / "greeting.wav"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(hum(300))
    first = at(tmp_path, Catalogue(greeting="Здравствуйте!"))
    build(first, {"ru": voice})
    assert voice.spoken == []
    recorded.write_bytes(hum(500))
    second = at(tmp_path, Catalogue(greeting="Здравствуйте!"))
    assert build(second, {"ru": voice}).made == 1
    assert first.path("ru", "greeting").read_bytes() != second.path("ru", "greeting").read_bytes()


def test_a_file_in_use_outlives_its_prompt_for_a_day(tmp_path: Path, voice: HummingVoice) -> None:
    old = at(tmp_path, Catalogue(greeting="Здравствуйте!"))
    new = at(tmp_path, Catalogue(greeting="Добрый день!"))
    build(old, {"ru": voice})
    assert build(new, {"ru": voice}).removed == 0
    two_days_ago = time.time() - 2 * 86400
    os.utime(old.path("ru", "greeting"), (two_days_ago, two_days_ago))
    assert build(new, {"ru": voice}).removed == 1
    assert not old.path("ru", "greeting").exists()


def test_a_failure_leaves_only_whole_files_and_the_next_run_goes_on(tmp_path: Path) -> None:
    media = at(tmp_path, Catalogue(one="один", two="два", three="три"))
    with pytest.raises(SetupFailed, match="the voice is gone"):
        build(media, {"ru": HummingVoice(fails_on="два")}, workers=1)
    left = {path.name for path in (tmp_path / "var" / "ru").iterdir()}
    assert media.path("ru", "one").name in left
    assert all(name.endswith(".wav") for name in left)
    voice = HummingVoice()
    build(media, {"ru": voice})
    assert "один" not in voice.spoken
    assert all(file.path.exists() for file in media.files)


@pytest.mark.parametrize("rubbish", [b"", b"RIFF", b"\x00" * 100, b"ID3 this is an mp3"])
def test_a_broken_recording_is_named(tmp_path: Path, voice: HummingVoice, rubbish: bytes) -> None:
    recorded = tmp_path / "prompts" / "ru" / "greeting.wav"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(rubbish)
    with pytest.raises(SetupFailed, match=r"ru/greeting\.wav: .*not a WAV"):
        build(at(tmp_path, Catalogue(greeting="Здравствуйте!")), {"ru": voice})


def test_a_prompt_without_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r'prompts/ru.yaml: the prompt "greeting" has no text'):
        at(tmp_path, Catalogue(greeting="  "))


class TwoLanguages(Catalogue):
    def all(self) -> Iterator[tuple[str, str, str]]:
        yield from super().all()
        yield from (("tt", prompt, text) for prompt, text in self.texts.items())


def test_a_language_without_voice_is_heard_in_the_other_one(tmp_path: Path, voice: HummingVoice) -> None:
    recorded = tmp_path / "prompts" / "tt" / "greeting.wav"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(hum(300))
    media = at(tmp_path, TwoLanguages(greeting="Здравствуйте!", menu="Скажите, что случилось."))
    build(media, {"ru": voice})
    assert media.unspoken == {("tt", "menu")}
    assert media.path("tt", "menu") == media.path("ru", "menu")
    assert media.path("tt", "greeting").parent.name == "tt"
    with pytest.raises(SetupFailed, match='there is no prompt "greting"'):
        media.path("tt", "greting")


def test_the_main_language_must_have_a_voice(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match='no voice speaks the prompt "greeting" in "ru"'):
        locate(Catalogue(greeting="Здравствуйте!"), {"en": "slt"}, tmp_path, tmp_path)


def test_an_unknown_prompt_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match='there is no prompt "greting"'):
        at(tmp_path, Catalogue(greeting="Здравствуйте!")).path("ru", "greting")


def test_progress_is_told(tmp_path: Path, voice: HummingVoice) -> None:
    told: list[str] = []
    build(at(tmp_path, Catalogue(one="один", two="два")), {"ru": voice}, on_progress=told.append)
    assert told == ["1 of 2", "2 of 2"]
