"""A supervisor in a talk by page listens unheard, whispers to the operator alone, joins; each voice is a tone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ivr.agent.agent import Agent
from ivr.web.commands import invitation
from tests.agent.tones import stretches, write_tone
from tests.browser.conftest import axe_violations, picture
from tests.browser.desk import SOON, answered, caller, codecs, console, heard_in, page_with_microphone, speaking
from tests.browser.voices import speaking_browser, write_microphone
from tests.telephone.conftest import RunningHotline
from tests.telephone.test_recording import recorded, unsealed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.telephone,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
STAYS_SECONDS = 3.0
TALK_SECONDS = 40.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def supervisors_browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Whose microphone is olga's tone."""
    folder = tmp_path_factory.mktemp("microphone")
    microphone = write_microphone(folder / "olga.wav", "olga", on_seconds=1.0)
    async with speaking_browser(microphone) as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser_with_microphone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """The operator's voice is anna's tone."""
    async with speaking_browser(write_tone(tmp_path_factory.mktemp("microphone"), "anna", 10.0)) as browser:
        yield browser


@asynccontextmanager
async def supervising(browser: Browser, hotline: RunningHotline) -> AsyncIterator[Page]:
    """A supervisor's page; what it complains about fails the test."""
    async with page_with_microphone(browser) as (page, complaints):
        await page.goto(await invitation(hotline.hotline))
        await page.click("button[value=supervisor]")
        await page.goto(f"{hotline.hotline.web_address}/supervisor")
        yield page
    assert complaints == []


async def begins(page: Page, hotline: RunningHotline) -> None:
    """The supervisor's page is in the talk, listening."""
    await hotline.until(lambda status: any(one["state"] == "talking" for one in status["operators"]))
    await page.get_by_text("Послушать").click()
    await page.get_by_role("button", name="Начать").click()
    await expect(page.locator("#listening")).to_be_visible(timeout=SOON)
    await expect(page.locator("#listening-note")).to_have_text("Вас никто не слышит")


async def turns_to(page: Page, mode: str, note: str) -> None:
    await page.locator("#listening").get_by_role("button", name=mode).click()
    await expect(page.locator("#listening-note")).to_have_text(note)
    await asyncio.sleep(STAYS_SECONDS)


async def test_a_whisper_is_heard_by_the_operator_alone_and_who_joins_by_both(
    supervisors_browser: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    async with (
        supervising(supervisors_browser, hotline) as page,
        agent.operator("anna", password, speaking(tmp_path, "anna", TALK_SECONDS)) as anna,
        caller(agent, tmp_path, consents=True) as calling,
    ):
        await begins(page, hotline)
        await expect(page.locator("#listening-operator")).to_have_text("Анна Белова")
        await heard_in(page, "anna", "caller")
        await picture(page, "supervisor-listening")
        assert await axe_violations(page) == []
        await turns_to(page, "Подсказывать", "Вас слышит оператор, звонящий не слышит")
        await heard_in(page, "anna", "caller")
        await turns_to(page, "Слушать", "Вас никто не слышит")
        await turns_to(page, "Говорить со всеми", "Вас слышат и оператор, и звонящий")
        await heard_in(page, "anna", "caller")
        await picture(page, "supervisor-joined")
        await page.get_by_role("button", name="Закончить").click()
        await expect(page.locator("#listening")).to_be_hidden()
        report, talk = await calling, await anna.talks.get()
    assert report.heard
    assert talk.heard
    assert stretches(talk.heard, "olga") == 2, "the operator hears the whisper, and later who joins"
    assert stretches(report.heard, "olga") == 1, "the caller hears who joins, and no whisper"
    assert stretches(talk.heard, "caller") == 1, "whoever whispers interrupts nobody"
    await recorded(hotline, report.call)
    file = tmp_path / "call.wav"
    await unsealed(hotline, report.call, file)
    assert stretches(file, "olga") == 1, "what is whispered is not in the recording"
    modes = [step.data["mode"] for step in await hotline.steps(report.call) if step.kind == "supervised"]
    assert modes == ["listen", "whisper", "listen", "join"]


async def test_a_whisper_reaches_the_operators_headset_in_the_browser(
    supervisors_browser: Browser,
    browser_with_microphone: Browser,
    hotline: RunningHotline,
    agent: Agent,
    tmp_path: Path,
) -> None:
    async with (
        supervising(supervisors_browser, hotline) as page,
        console(browser_with_microphone, hotline) as anna,
        caller(agent, tmp_path) as calling,
    ):
        await answered(anna)
        await heard_in(anna, "caller")
        await begins(page, hotline)
        await heard_in(page, "anna", "caller")
        await heard_in(anna, "caller")
        assert await codecs(hotline) == {"anna-browser": "opus", "headset-1": "opus", "trunk": "alaw"}
        await turns_to(page, "Подсказывать", "Вас слышит оператор, звонящий не слышит")
        await heard_in(anna, "caller", "olga")
        await anna.keyboard.press("Alt+KeyK")
        await expect(page.locator("#listening")).to_be_hidden(timeout=SOON)
        await expect(page.locator("#said")).to_have_text("Вы больше не в разговоре")
        report = await calling
    assert report.heard
    assert stretches(report.heard, "olga") == 0
