"""What README says is so: every dependency has its reason there, every folder and command that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from ivr.cli import _COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE = {
    name: reason
    for names, reason in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|$", README, re.MULTILINE)
    for name in re.findall(r"`([^`]+)`", names)
}


def required() -> set[str]:
    lines = [line for path in ROOT.glob("requirements*.in") for line in path.read_text().splitlines()]
    found = [re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line) for line in lines]
    return {match[0].lower() for match in found if match}


def test_every_dependency_has_a_reason() -> None:
    named = {name.lower() for name in TABLE}
    assert required() - named == set()


def test_every_folder_that_it_names_exists() -> None:
    folders = [name for name in TABLE if "/" in name]
    assert [name for name in folders if not (ROOT / name).exists()] == []


def test_every_command_that_it_shows_exists() -> None:
    shown = set(re.findall(r"(?:\.venv/bin/ivr|`ivr) ([a-z][a-z-]*)", README))
    assert shown - {name.partition(" ")[0] for name in _COMMANDS} == set()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets
