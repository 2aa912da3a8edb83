"""English and Tatar have voices of their own, wherever their programs come from."""

from __future__ import annotations

from pathlib import Path

from ivr.config import PromptSettings
from ivr.prompts.voice import ReadVoice
from ivr.provision.readers import READERS, InstalledReader, Reader, find_installed
from ivr.provision.voices import FREE_VOICES


def test_programs_on_the_path_serve(tmp_path: Path) -> None:
    (tmp_path / "flite").write_text("#!/bin/sh\n")
    (tmp_path / "flite").chmod(0o755)
    assert set(find_installed({"PATH": str(tmp_path)})) == {"slt"}
    assert find_installed({"PATH": ""}) == {}


def test_a_program_is_given_the_text_and_the_place_for_the_sound(tmp_path: Path) -> None:
    program = tmp_path / "reader"
    program.write_text('#!/bin/sh\ncp "$2" "$4"\n')
    program.chmod(0o755)
    reader = Reader("package", "usr/bin/reader", ("-f", "{text}", "-w", "{wav}"), "1")
    voice = ReadVoice("echo", InstalledReader((str(program),), {}, reader))
    assert voice.speak("Исәнмесез\0").decode() == "Исәнмесез "
    assert voice.edition == "echo 1"


def test_the_voices_of_the_settings_are_free_ones() -> None:
    assert set(PromptSettings().voices.values()) <= {*FREE_VOICES, *READERS}
