"""A real call for each shipped line, in Russian, English and Tatar; all at once, for they take half a minute each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.agent.agent import Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, Say, Turn, keys
from ivr.agent.sounds import Voice
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.provision.setup import Provisions
from tests.telephone.conftest import CHECKOUT, running_hotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@dataclass(frozen=True)
class Case:
    """What a caller does on a line, and what must come of it."""

    number: str
    turns: tuple[Turn, ...]
    topic: str
    language: str
    way: str
    """A section of a plan that the call must have come through."""


CASES = {
    "federal, in own words": Case(
        "88005553535", ((Say("не могу войти в личный кабинет"),),), "access", "ru", "federal/menu/"
    ),
    "federal, in English": Case("88005553535", (keys("9"), keys("2")), "technical", "en", "federal/menu/"),
    "personal account": Case("88001001010", (keys("2"),), "registration", "ru", "account/menu/"),
    "technical failures": Case("88002003030", (keys("4"), keys("2")), "signature", "ru", "technical/signature/"),
    "documents": Case("88003004040", (keys("5"),), "payments", "ru", "documents/menu/"),
    "Tatarstan, in Russian": Case("78432220222", (keys("1"), keys("4")), "status", "ru", "tatarstan/menu/"),
    "Tatarstan, in Tatar": Case("78432220222", (keys("2"), keys("1")), "access", "tt", "tatarstan/menu/"),
}


def always_open(root: Path) -> None:
    """The Tatarstan line is open whatever the day of the test; its own tests, which know its hours, stay away."""
    dialplans = root / "dialplans"
    plan = dialplans / "tatarstan.yaml"
    text = plan.read_text(encoding="utf-8")
    assert "if: office is open, go: notice" in text
    plan.write_text(
        text.replace("if: office is open, go: notice", 'if: language != "en", go: notice'), encoding="utf-8"
    )
    (dialplans / "tatarstan.tests.yaml").unlink()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stories(
    provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, tuple[Record, ...]]]:
    """The journal of each case's call."""
    root = tmp_path_factory.mktemp("lines")
    folder = tmp_path_factory.mktemp("lines-agent")
    place = Place(provisions.asterisk, CHECKOUT / "asterisk", folder / "asterisk", folder / "speech")
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_hotline(root, own=("dialplans",), change=always_open))
        hotline = running.hotline
        store = await stack.enter_async_context(hotline.store())
        reader = JournalReader(store, Keyring.load(hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())
        agent = await stack.enter_async_context(running_agent(place, hotline.ports.sip, voice=voice, journal=journal))
        for name in ("anna", "denis", "galina"):
            password = hotline.secrets.password(f"operator/{name}")
            await stack.enter_async_context(agent.operator(name, password, OperatorScript(talk_seconds=1.0)))
        reports = await asyncio.gather(
            *(
                agent.call(case.number, CallScript(case.turns, limit_seconds=120.0), caller=f"+7999000100{number}")
                for number, case in enumerate(CASES.values())
            )
        )
        yield {name: tuple(await running.steps(report.call)) for name, report in zip(CASES, reports, strict=True)}


@pytest.mark.parametrize("name", CASES)
async def test_a_real_call_goes_the_way_of_its_line(name: str, stories: Mapping[str, tuple[Record, ...]]) -> None:
    case, story = CASES[name], stories[name]
    topics = [record.data["topic"] for record in story if record.kind == "topic"]
    assert topics[-1] == case.topic
    assert any(record.path.startswith(case.way) for record in story)
    queued = [record for record in story if record.kind in ("queued", "queue_refused")]
    assert queued, "the call came to the queue"
    assert [record.data["language"] for record in story if record.data.get("language")][-1] == case.language
    assert story[-1].kind == "ended"
    assert story[-1].data["outcome"] in ("talked", "ended")
