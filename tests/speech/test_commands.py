"""The commands as scripts use them: one JSON object a line, and an exit code that tells the truth."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ivr.speech.endpoint import Samples

Say = Callable[..., Samples]


def ivr(*arguments: str, said: str = "") -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-m", "ivr", *arguments], input=said, capture_output=True, text=True, check=False, timeout=50
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_classify_tells_topic_confidence_and_the_words_that_decided() -> None:
    code, found, _ = ivr("classify", "--json", "забыла пароль", "алло")
    assert code == 0
    assert [set(one) for one in found] == [{"text", "topic", "confidence", "matched"}] * 2
    assert [one["topic"] for one in found] == ["access", "none"]
    assert found[0]["matched"]
    assert found[1]["matched"] == []


def test_classify_reads_standard_input() -> None:
    _, found, _ = ivr("classify", "--json", said="соедините с оператором\nкак оплатить штраф\n")
    assert [one["topic"] for one in found] == ["operator", "payments"]


def test_recognise_hears_what_can_be_read_and_names_what_cannot(tmp_path: Path, say: Say) -> None:
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    with wave.open(str(good), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(say("соедините с оператором").astype("<i2").tobytes())
    bad.write_bytes(b"no sound")
    code, found, errors = ivr("recognise", "--json", str(bad), str(good))
    assert code == 1
    assert "bad.wav" in errors
    assert "Traceback" not in errors
    assert [(one["file"], one["topic"], one["text"]) for one in found] == [
        (str(good), "operator", "соедините с оператором")
    ]
    assert found[0]["seconds"] > 1


def test_the_projects_own_topics_have_no_errors() -> None:
    code, found, _ = ivr("topics", "check", "--json")
    assert code == 0
    assert all(set(one) == {"file", "line", "column", "severity", "message", "hint"} for one in found)
    assert not any(one["severity"] == "error" for one in found)


def test_examples_that_are_not_labelled_are_refused_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "examples.tsv"
    file.write_text("access\tзабыл пароль\nбез темы\n", encoding="utf-8")
    code, _, errors = ivr("topics", "check", "--json", "--examples", str(file))
    assert code == 1
    assert f"{file}:2:1" in errors
