"""A hotline that tests do harm to: the one of `tests/telephone`, with a team for a busy hour."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import OperatorScript
from ivr.agent.sounds import Voice
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.provision.setup import Provisions
from tests.telephone.conftest import CHECKOUT, RunningHotline, hotline, provisions, running_hotline, voice

__all__ = ["hotline", "provisions", "voice"]

TEAM = tuple(f"op{number:02}" for number in range(1, 31))
_TOPICS = "access registration technical forms status documents payments appointment signature security operator none"


def enlist(root: Path) -> None:
    """Everybody of the team knows everything."""
    path = root / "config" / "operators.yaml"
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    known["operators"] += [
        {
            "name": name,
            "full_name": name,
            "extension": f"5{name[2:]}",
            "languages": ["ru", "en"],
            "skills": dict.fromkeys(_TOPICS.split(), 1),
        }
        for name in TEAM
    ]
    path.unlink()
    path.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hotline(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHotline]:
    async with running_hotline(tmp_path_factory.mktemp("hotline"), change=enlist) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agent(
    shared_hotline: RunningHotline, provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Agent]:
    """Callers by the hundred: nothing of theirs is recorded, which would cost more than the calls."""
    folder, hotline = tmp_path_factory.mktemp("agent"), shared_hotline.hotline
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", folder / "asterisk", folder / "speech")
    async with hotline.store() as store:
        reader = JournalReader(store, Keyring.load(hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())
        async with running_agent(place, hotline.ports.sip, voice=voice, journal=journal) as running:
            yield running


async def sign_in(stack: AsyncExitStack, agent: Agent, hotline: RunningHotline, names: tuple[str, ...]) -> None:
    """Operators who answer and talk until the caller hangs up; until the stack ends."""

    async def one(name: str) -> None:
        password = hotline.hotline.secrets.password(f"operator/{name}")
        await stack.enter_async_context(agent.operator(name, password, OperatorScript()))

    await asyncio.gather(*map(one, names))


def measured(failure: str, seconds: float) -> None:
    """Note how long it took until the service was back; docs/failures.md tells the figures."""
    path = CHECKOUT / "var" / "failures.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, failure: round(seconds, 2)}, indent=1))


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


async def spare_ready(hotline: RunningHotline) -> None:
    """Wait until the controller that waits to take over has everything loaded."""
    logs = hotline.hotline.home.logs

    def ready() -> bool:
        return "controller_spare" in text_since_start(logs, serving=hotline.process_id("controller"))

    async with asyncio.timeout(60):
        while not ready():  # noqa: ASYNC110 -- it tells nobody but its log
            await asyncio.sleep(0.1)


def text_since_start(logs: Path, serving: int) -> str:
    """What the controller that does not serve has logged since it was started last."""
    for name in ("controller", "controller-spare"):
        pid = int((logs.parent / "run" / f"{name}.pid").read_text().split()[0])
        if pid != serving:
            text = (logs / f"{name}.log").read_text(encoding="utf-8")
            return text[text.rfind("controller_up") + 1 :]
    return ""
