from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.prompts.voice import SpokenVoice
from ivr.provision.debian import Root
from ivr.provision.voices import FREE_VOICES, Synthesiser, find_installed, private


def add_voices(data: Path, *names: str) -> None:
    for name in names:
        (data / "voices" / name).mkdir(parents=True)
        (data / "voices" / name / "voice.info").write_text(f"name={name}\nformat=4\nrevision=3\n")


def add_program(folder: Path, script: str = "") -> Path:
    program = folder / "RHVoice-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_an_installed_one_with_free_voices_serves(tmp_path: Path) -> None:
    program = add_program(tmp_path)
    add_voices(tmp_path / "data", "anna", "irina", "tatiana")
    found = find_installed({"PATH": str(tmp_path)}, tmp_path / "data")
    assert found == Synthesiser((str(program),), {}, {"anna": "4.3", "irina": "4.3"})


def test_an_installed_one_with_too_few_free_voices_is_passed_over(tmp_path: Path) -> None:
    add_program(tmp_path)
    add_voices(tmp_path / "data", "anna", "tatiana", "mikhail", "evgeniy-rus")
    assert find_installed({"PATH": str(tmp_path)}, tmp_path / "data") is None
    assert find_installed({"PATH": ""}, tmp_path / "data") is None


def test_a_root_without_a_voice_is_refused(tmp_path: Path) -> None:
    add_voices(tmp_path / "usr/share/RHVoice", *(name for name in FREE_VOICES if name != "elena"))
    with pytest.raises(SetupFailed, match="voices are missing: elena"):
        private(Root(tmp_path))


def test_an_unknown_voice_is_refused_with_those_to_choose_from() -> None:
    with pytest.raises(SetupFailed, match=r'no voice "tatiana".*anna, irina'):
        SpokenVoice(Synthesiser((), {}, {"anna": "4.1", "irina": "4.1"}), "tatiana")


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 0", "said nothing"), ("echo 'no such thing' >&2; exit 1", "no such thing")],
)
def test_a_voice_that_keeps_silent_is_reported(tmp_path: Path, script: str, said: str) -> None:
    program = add_program(tmp_path, f'cat "$6" > {tmp_path}/heard; {script}')
    voice = SpokenVoice(Synthesiser((str(program),), {}, {"anna": "4.1"}), "anna")
    with pytest.raises(SetupFailed, match=said):
        voice.speak("Здравствуйте\0")
    assert (tmp_path / "heard").read_text() == "Здравствуйте "


def test_an_edition_changes_with_voice_and_pace() -> None:
    synthesiser = Synthesiser((), {}, {"anna": "4.1", "irina": "4.1"})
    editions = {SpokenVoice(synthesiser, name, rate).edition for name in ("anna", "irina") for rate in (1.0, 1.2)}
    assert len(editions) == 4
