"""The operator's console in a real Chromium: its headset registers, and the page is light."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from ivr.web.commands import invitation
from tests.agent.tones import write_tone
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.conftest import LAPTOP
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
LINE = "88005553535"
_MICROPHONE = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser_with_microphone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A Chromium in which the operator's voice is anna's tone."""
    tone = write_tone(tmp_path_factory.mktemp("microphone"), "anna", 10.0)
    path = await asyncio.to_thread(find_chromium)
    flags = [*FLAGS, *_MICROPHONE, f"--use-file-for-fake-audio-capture={tone}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        await browser.close()


@asynccontextmanager
async def console(browser: Browser, hotline: RunningHotline) -> AsyncIterator[Page]:
    """anna's console, her headset registered."""
    complaints: list[str] = []
    context = await browser.new_context(viewport=LAPTOP, locale="ru-RU", permissions=["microphone"])  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.goto(await invitation(hotline.hotline))
    await page.select_option("select[name=operator]", "anna")
    await page.click("button[value=operator]")
    await page.goto(f"{hotline.hotline.web_address}/console")
    await expect(page.locator("#phone")).to_have_text("гарнитура на связи")
    yield page
    if not page.is_closed():
        await page.keyboard.press("Alt+KeyR")
        await page.click("#gone")
    await context.close()
    assert complaints == []


async def test_the_page_is_light_and_soon_usable(browser_with_microphone: Browser, hotline: RunningHotline) -> None:
    async with console(browser_with_microphone, hotline) as page:
        await page.reload()
        await expect(page.locator("#state-name")).not_to_have_text("…")
        sent = await page.evaluate("performance.getEntries().reduce((sum, each) => sum + (each.transferSize ?? 0), 0)")
        assert sent <= 200_000
