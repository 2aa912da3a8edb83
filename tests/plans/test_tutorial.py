"""The tutorial, as a newcomer goes through it: files are written, commands run, and what they print is what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "dialplans-tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("dialplans", "prompts", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def run(script: str, checkout: Path) -> str:
    command = f'ivr() {{ {sys.executable} -m ivr "$@"; }}\n{script}'
    environment = {**os.environ, "IVR_HOME": str(checkout), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    finished = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=False,  # `ivr check` finds mistakes on this page
    )
    assert finished.stderr == ""
    return finished.stdout


@pytest.mark.timeout(300)  # a dozen commands, each a program of its own
def test_every_command_does_what_the_page_says(checkout: Path) -> None:
    said = ""
    commands = 0
    for kind, name, content in BLOCK.findall(TUTORIAL):
        if kind == "yaml":
            file = checkout / name
            before = file.read_text(encoding="utf-8") if name.startswith("prompts/") else ""
            file.write_text(before + content, encoding="utf-8")
        elif kind == "sh":
            said = run(content, checkout)
            commands += 1
        else:
            assert said == content
    assert commands >= 6
    assert (checkout / "school.svg").read_text(encoding="utf-8").startswith("<svg")
    assert '"Dialplan"' in (checkout / "school.schema.json").read_text(encoding="utf-8")
