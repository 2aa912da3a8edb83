"""What a speaker is given to record, and that a recording is taken off the list."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ivr import prompt_commands
from ivr.config import Home
from ivr.errors import IvrError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("prompts", "config"):
        shutil.copytree(Home.find().root / name, tmp_path / name)
    monkeypatch.setenv("IVR_HOME", str(tmp_path))
    return tmp_path


def test_each_prompt_has_a_file_to_record_and_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    prompt_commands.show(language="ru")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "prompts/ru/greeting_federal.wav\tЗдравствуйте! Это горячая линия госуслуг."
    assert any(line.startswith("prompts/ru/number_5.wav\t") for line in lines)
    assert not any("+" in line or "recorded" in line for line in lines)


def test_what_is_recorded_is_done(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "prompts" / "tt").mkdir()
    (home / "prompts" / "tt" / "goodbye.wav").write_bytes(b"some sound")
    prompt_commands.show(language="tt", as_json=True)
    assert "goodbye" not in {json.loads(line)["prompt"] for line in capsys.readouterr().out.splitlines()}
    prompt_commands.show(language="tt", everything=True, as_json=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["prompt"] for each in told if each["recorded"]] == ["goodbye"]


def test_a_language_without_prompts_is_named() -> None:
    with pytest.raises(IvrError, match="no prompts in"):
        prompt_commands.show(language="xx")
