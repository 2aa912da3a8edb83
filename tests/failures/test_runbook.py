"""The run-book: every command that its pages show does its work on a running hotline; every page is listed."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from ivr.agent.agent import Agent
from ivr.cli import _COMMANDS
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

FOLDER = Path(__file__).parents[2] / "docs" / "runbook"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r"(?:^|[`|] ?|^ {7,})ivr ((?:[a-z-]+ ?)+)", re.MULTILINE)


async def run(command: str, root: Path) -> str:
    """What the command said; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f'set -o pipefail; ivr() {{ {sys.executable} -m ivr "$@"; }}; {command}'),
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "IVR_HOME": str(root)},
    )
    async with asyncio.timeout(120):
        said, _ = await process.communicate()
    assert process.returncode == 0, f"{command}: {said.decode()}"
    return said.decode()


async def test_every_page_is_listed_and_every_command_exists() -> None:
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", PAGES["README.md"])) == PAGES.keys() - {"README.md"}
    linked = {name for text in PAGES.values() for name in re.findall(r"\]\(([a-z-]+\.md)\)", text)}
    assert linked <= PAGES.keys()
    for page, text in PAGES.items():
        for words in _SHOWN.findall(text):
            known = [name for name in _COMMANDS if words.startswith(name)]
            assert known, f"{page}: there is no `ivr {words}`"


async def test_every_command_does_its_work(agent: Agent, hotline: RunningHotline) -> None:
    root = hotline.hotline.home.root
    done = set[str]()
    for text in PAGES.values():
        for block in _BLOCK.findall(text):
            for command in block.splitlines():
                if command not in done or command.startswith(("ivr hand-over", "ivr ops")):
                    await run(command, root)
                    done.add(command)
    assert len(done) >= 20
    assert (await hotline.status())["draining"] is False, "the pages lead back to business as usual"
    assert (root / "var" / "before-upgrade.backup").stat().st_size > 10_000
