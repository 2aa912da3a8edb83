"""Every page, as each role first sees it: light, soon usable, and without a fault that axe finds."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.conftest import SignedIn, axe_violations
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]
MOST_BYTES = 200_000
MOST_SECONDS = 1.0
TRIES = 3  # the machine is not ours alone: the best of them says what the page can do

PAGES = {
    "operator": ("/", "/definitions", "/console"),
    "supervisor": ("/supervisor", "/requests"),
    "admin": ("/studio",),
}
# From the request until everything that the page names is there and its scripts have run, and all that came for it.
_LOADED = """() => new Promise(done => {
  const told = () => setTimeout(() => {
    const [page] = performance.getEntriesByType("navigation");
    const parts = performance.getEntriesByType("resource");
    const bytes = [page, ...parts].reduce((sum, each) => sum + each.transferSize, 0);
    done({bytes, seconds: page.loadEventEnd / 1000});
  });
  document.readyState === "complete" ? told() : addEventListener("load", told);
})"""


async def loaded(page: Page, address: str) -> tuple[float, float]:
    """Bytes that came and seconds until the page could be used, for somebody who has never been there."""
    network = await page.context.new_cdp_session(page)
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await page.goto(address)
    told = await page.evaluate(_LOADED)
    return told["bytes"], told["seconds"]


@pytest.mark.parametrize("role", PAGES)
async def test_pages_are_light_soon_usable_and_for_everybody(
    signed_in: SignedIn, hotline: RunningHotline, role: str
) -> None:
    page = await signed_in(role)
    for path in PAGES[role]:
        times = []
        for _ in range(TRIES):
            size, seconds = await loaded(page, f"{hotline.hotline.web_address}{path}")
            times.append(seconds)
            assert 0 < size <= MOST_BYTES, (path, size)
            if seconds <= MOST_SECONDS:
                break
        assert min(times) <= MOST_SECONDS, (path, times)
        assert await axe_violations(page) == [], path
