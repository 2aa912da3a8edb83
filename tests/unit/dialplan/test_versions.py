"""Saved plans go live when they pass, and only then; earlier ones come back."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.dialplan.live import LivePlans
from ivr.dialplan.publish import Live, Refused
from ivr.dialplan.versions import digest_of, read_files
from ivr.errors import ConfigurationInvalid, IvrError, SetupFailed
from ivr.prompts.catalogue import Catalogue

PLAN = """plan: small
lines: [100]
languages: [ru]
start: welcome
sections:
  welcome:
    - hang_up: {prompt}
"""
TESTS = """plan: small
tests:
  - test: says goodbye
    call:
      - hears: {prompt}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for folder in ("dialplans", "prompts", "config"):
        (tmp_path / folder).mkdir()
    (tmp_path / "prompts" / "ru.yaml").write_text("goodbye: До свидания!\nthanks: Спасибо!\n", encoding="utf-8")
    (tmp_path / "dialplans" / "topics.yaml").write_text(
        "topics:\n  access:\n    title: Вход\n    phrases:\n      - войти: 3\n", encoding="utf-8"
    )
    (tmp_path / "config" / "operators.yaml").write_text(
        'operators:\n  - {name: anna, full_name: Анна, extension: "101", skills: {access: 1}}\n', encoding="utf-8"
    )
    save(tmp_path, "goodbye")
    return Home(tmp_path)


def save(root: Path, prompt: str, expected: str | None = None) -> None:
    (root / "dialplans" / "small.tests.yaml").write_text(TESTS.format(prompt=expected or prompt), encoding="utf-8")
    (root / "dialplans" / "small.yaml").write_text(PLAN.format(prompt=prompt), encoding="utf-8")


def says(live: Live) -> str:
    return str(live.plans.by_name["small"].sections["welcome"][0])


class Watched:
    """The live plans and what is told about them."""

    def __init__(self, home: Home) -> None:
        self.plans = LivePlans(home, SystemClock())
        self.told: asyncio.Queue[Live | Refused] = asyncio.Queue()

    async def next(self) -> Live | Refused:
        async with asyncio.timeout(20):
            return await self.told.get()


async def following(watched: Watched) -> asyncio.Task[None]:
    task = asyncio.create_task(watched.plans.follow(watched.told.put_nowait, watched.told.put_nowait))
    await asyncio.sleep(0)  # the watch begins with the task
    return task


async def test_a_save_goes_live_and_a_call_under_way_keeps_its_plan(home: Home) -> None:
    watched = Watched(home)
    assert await watched.plans.start() is None
    task = await following(watched)
    before = watched.plans.now.plans.by_name["small"]
    save(home.root, "thanks")
    told = await watched.next()
    task.cancel()
    assert isinstance(told, Live)
    assert told.version.number == 2
    assert "thanks" in says(watched.plans.now)
    assert "goodbye" in str(before.sections)


@pytest.mark.parametrize(
    ("prompt", "expected", "why"),
    [("no_such", "no_such", "there is no prompt"), ("thanks", "goodbye", 'does not hear "goodbye"')],
    ids=["wrong", "fails its test"],
)
async def test_a_bad_save_changes_nothing_and_says_why(home: Home, prompt: str, expected: str, why: str) -> None:
    watched = Watched(home)
    await watched.plans.start()
    task = await following(watched)
    save(home.root, prompt, expected)
    told = await watched.next()
    task.cancel()
    assert isinstance(told, Refused)
    assert why in str(told)
    assert "goodbye" in says(watched.plans.now)
    assert [version.number for version in watched.plans.versions.all()] == [1]


async def test_with_broken_files_the_hotline_starts_with_what_was_live(home: Home) -> None:
    await LivePlans(home, SystemClock()).start()
    save(home.root, "no_such")
    again = LivePlans(home, SystemClock())
    refused = await again.start()
    assert isinstance(refused, Refused)
    assert "goodbye" in says(again.now)


async def test_without_any_version_broken_files_are_an_error(home: Home) -> None:
    save(home.root, "no_such")
    with pytest.raises(ConfigurationInvalid, match="there is no prompt"):
        await LivePlans(home, SystemClock()).start()


async def test_a_rollback_reaches_callers_and_lasts_over_a_restart(home: Home) -> None:
    watched = Watched(home)
    await watched.plans.start()
    task = await following(watched)
    save(home.root, "thanks")
    await watched.next()
    watched.plans.versions.back_to(None, digest_of(read_files(home.root)))
    told = await watched.next()
    task.cancel()
    assert isinstance(told, Live)
    assert told.version.number == 1
    again = LivePlans(home, SystemClock())
    await again.start()
    assert "goodbye" in says(again.now)


async def test_versions_that_do_not_exist_are_told(home: Home) -> None:
    plans = LivePlans(home, SystemClock())
    await plans.start()
    with pytest.raises(IvrError, match="no version before"):
        plans.versions.back_to(None, "")
    with pytest.raises(IvrError, match="no version 7"):
        plans.versions.back_to(7, "")


async def test_a_half_written_version_is_no_version(home: Home) -> None:
    plans = LivePlans(home, SystemClock())
    await plans.start()
    shutil.copytree(plans.versions.root(1), plans.versions.directory / ".0002")
    (plans.versions.directory / ".0002" / "version.json").unlink()
    assert [version.number for version in plans.versions.all()] == [1]
    save(home.root, "thanks")
    again = LivePlans(home, SystemClock())
    await again.start()
    assert again.now.version.number == 2


async def test_when_a_version_cannot_be_kept_the_one_before_stays_live(home: Home) -> None:
    plans = LivePlans(home, SystemClock())
    await plans.start()
    (plans.versions.directory / "0002").write_text("in the way", encoding="utf-8")
    save(home.root, "thanks")
    again = LivePlans(home, SystemClock())
    assert "cannot go live" in str(await again.start())
    assert again.now.version.number == 1


async def test_prompts_that_cannot_be_made_keep_a_save_from_callers(home: Home) -> None:
    def no_voice(catalogue: Catalogue) -> None:
        raise SetupFailed(f"no voice for {len(catalogue.languages)} language")

    await LivePlans(home, SystemClock()).start()
    save(home.root, "thanks")
    again = LivePlans(home, SystemClock(), no_voice)
    assert "no voice for 1 language" in str(await again.start())
    assert "goodbye" in says(again.now)
