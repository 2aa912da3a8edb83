"""The proofs that are asked about every run can fail: what is planted is found."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ivr.journal.record import Record
from tests.telephone.proofs import differs_from_last_words, differs_from_live, secrets_shown, shows_up

FACTS = {"+79161234512", "меня зовут Анна", "оператор"}


@pytest.fixture
def var(tmp_path: Path) -> Path:
    var = tmp_path / "var"
    for folder in ("log", "versions", "archive", "asterisk/etc"):
        (var / folder).mkdir(parents=True)
    (var / "log" / "controller.log").write_text("offered to anna, оператор, +7 9** ***-**-12\n", encoding="utf-8")
    (var / "secrets.json").write_text(json.dumps({"ari": "s3cret-of-ari"}))
    (var / "asterisk" / "etc" / "ari.conf").write_text("password = s3cret-of-ari")
    return var


def test_a_clean_run_shows_nothing(var: Path) -> None:
    (var / "versions" / "ru.yaml").write_text("меня зовут Анна", encoding="utf-8")  # an admin's own words
    assert shows_up(FACTS, var, {"status": "{}"}) == []
    assert secrets_shown(var, {"command lines": "asterisk -C asterisk.conf"}) == []


@pytest.mark.parametrize(
    "leak",
    [
        "caller 79161234512 gone", "8 (916) 123-45-12", "+7 916 123-45-12", "tel:9161234512", "он: меня зовут Анна",
        json.dumps({"text": "меня зовут Анна"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["log", "name", "store", "compressed", "surface"])
def test_whatever_shows_is_found(var: Path, leak: str, place: str) -> None:
    if place == "log":
        (var / "log" / "speech-1.log").write_text(leak, encoding="utf-8")
    elif place == "name":
        (var / "log" / f"{leak}.sealed").touch()
    elif place == "store":
        (var / "appendonly.aof").write_bytes(b"\x00\xff*3\r\n" + leak.encode() + b"\r\n\x00")
    elif place == "compressed":
        (var / "archive" / "journal-2026-11-22.jsonl.gz").write_bytes(gzip.compress(leak.encode()))

    assert len(shows_up(FACTS, var, {"status": leak if place == "surface" else ""})) == 1


def test_a_secret_outside_its_place_is_found(var: Path) -> None:
    (var / "log" / "store.log").write_text("requirepass s3cret-of-ari")
    found = secrets_shown(var, {"command lines": "valkey-server --requirepass s3cret-of-ari"})
    assert found == ["log/store.log: ari", "command lines: ari"]


def story(**ended: object) -> list[Record]:
    steps = [
        ("arrived", {"line": "1"}, 0), ("topic", {"topic": "access"}, 3), ("queued", {"queue": "people"}, 4),
        ("offered", {"operator": "anna"}, 4), ("connected", {"operator": "anna"}, 10),
        ("talk_ended", {"operator": "anna"}, 70),
        ("ended", {"outcome": "talked", "topic": "access", "seconds": 71.0, "queue_wait_seconds": 6.0,
                   "talk_seconds": 60.0, **ended}, 71),
    ]  # fmt: skip
    return [
        Record("c", number, kind, "", 1000.0 + at, float(at), data)  # type: ignore[arg-type]
        for number, (kind, data, at) in enumerate(steps, 1)
    ]


@pytest.mark.parametrize(
    "wrong", [{"topic": "forms"}, {"talk_seconds": 30.0}, {"queue_wait_seconds": 0.0}, {"outcome": "left"}]
)
def test_a_call_that_ends_otherwise_than_its_steps_say_is_found(wrong: dict[str, object]) -> None:
    assert differs_from_last_words(story()) == []
    assert len(differs_from_last_words(story(**wrong))) == 1


def test_a_live_call_that_is_not_what_its_journal_says_is_found() -> None:
    shown = {"call": "c", "line": "1", "step": "connected", "step_since": 1010.1, "operator": "anna", "topic": "access"}
    assert differs_from_live(story(), shown) == []
    assert len(differs_from_live(story(), {**shown, "operator": "boris"})) == 1
    assert len(differs_from_live(story(), {**shown, "topic": "forms"})) == 1
