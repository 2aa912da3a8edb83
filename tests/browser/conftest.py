"""Pages in a real Chromium, served by a whole running hotline, for whoever is signed in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from ivr.web.commands import invitation
from tests.browser.chromium import FLAGS, find_chromium
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline
from tests.telephone.conftest import agent as agent  # noqa: PLC0414 - fixtures are found by name
from tests.telephone.conftest import provisions as provisions  # noqa: PLC0414
from tests.telephone.conftest import voice as voice  # noqa: PLC0414

WALL = {"width": 1920, "height": 1080}
LAPTOP = {"width": 1366, "height": 768}
SignedIn = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hotline(tmp_path_factory: pytest.TempPathFactory, provisions: object) -> AsyncIterator[RunningHotline]:
    async with running_hotline(tmp_path_factory.mktemp("hotline")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def hotline(shared_hotline: RunningHotline) -> AsyncIterator[RunningHotline]:
    """The hotline for one test; afterwards nothing of any call may be left."""
    yield shared_hotline
    assert await shared_hotline.quiet() == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = await asyncio.to_thread(find_chromium)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def signed_in(browser: Browser, hotline: RunningHotline) -> AsyncIterator[SignedIn]:
    """`await signed_in("supervisor", "/path")`: a page of a browser of its own, of somebody who came in by `ivr enter`.

    `operator`: whose console, for that role; other options go to the browser's context. What a page complains about
    (scripts' errors, refusals of the content policy) fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def enter(role: str, path: str = "/", *, operator: str = "anna", **options: object) -> Page:
        context = await browser.new_context(**{"viewport": LAPTOP, "locale": "ru-RU", **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto(await invitation(hotline.hotline))
        if role == "operator":
            await page.select_option("select[name=operator]", operator)
        await page.click(f"button[value={role}]")
        await page.wait_for_url(f"{hotline.hotline.web_address}/**")
        if path != "/":
            await page.goto(f"{hotline.hotline.web_address}{path}")
        return page

    yield enter
    for context in contexts:
        await context.close()
    assert complaints == []


async def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is shown now, one sentence each with the element."""
    source = (CHECKOUT / "var" / "vendor" / "axe.js").read_text(encoding="utf-8")
    await page.evaluate(source)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {json.dumps(node['target'])} {node.get('failureSummary', '')}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


async def picture(page: Page, name: str) -> Path:
    """Takes a picture for people to look at: `var/pictures/NAME.png`."""
    folder = CHECKOUT / "var" / "pictures"
    folder.mkdir(exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png", caret="initial")
    return folder / f"{name}.png"
