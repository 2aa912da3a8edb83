"""The studio in a real browser: what an admin types is checked, tried and put live on a running hotline."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import SignedIn, axe_violations, picture
from tests.telephone.conftest import RunningHotline, running_hotline

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
PHONE = {"width": 390, "height": 844}
SOON = 20_000  # milliseconds: plans are read and their tests run


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_hotline(tmp_path_factory: pytest.TempPathFactory, provisions: object) -> AsyncIterator[RunningHotline]:
    """One whose plans may be changed."""
    async with running_hotline(tmp_path_factory.mktemp("studio"), own=("dialplans", "prompts")) as running:
        yield running


def having(words: str) -> re.Pattern[str]:
    return re.compile(re.escape(words))


async def replace(page: Page, old: str, new: str) -> None:
    """As an admin would: select the words and type."""
    await page.evaluate(
        """old => { const area = document.querySelector("plan-editor textarea"), at = area.value.indexOf(old);
                    area.focus(); area.setSelectionRange(at, at + old.length); }""",
        old,
    )
    await page.keyboard.type(new)


async def opened(signed_in: SignedIn, file: str = "dialplans/federal.yaml", **options: object) -> Page:
    page = await signed_in("admin", f"/studio#{file}", **options)
    await expect(page.locator("#verdict")).to_have_text("Ошибок нет", timeout=SOON)
    return page


async def test_errors_show_in_place_and_lead_there(signed_in: SignedIn) -> None:
    page = await opened(signed_in)
    await expect(page.locator("#drawing svg")).to_contain_text("menu_federal")
    await replace(page, "go: people", "go: peple")

    finding = page.locator("#findings li")
    await expect(finding).to_contain_text("раздела «peple» нет → может быть, «people»?", timeout=SOON)
    await expect(page.locator("plan-editor .gutter i.error")).to_have_count(1)
    assert await axe_violations(page) == []
    await picture(page, "studio-error")
    await page.locator("h1").focus()
    await finding.locator("button").click()
    selected = "() => { const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd); }"
    assert await page.evaluate(selected) == "peple"
    await page.keyboard.type("people")
    await expect(page.locator("#verdict")).to_have_text("Ошибок нет", timeout=SOON)


async def test_a_call_is_tried_on_what_is_not_saved(signed_in: SignedIn, hotline: RunningHotline) -> None:
    page = await opened(signed_in)
    await replace(page, "key: 2, topic: technical, go: people", "key: 2, topic: technical, go: farewell")
    await page.click("#tab-call")
    story = page.locator("#story")
    await expect(story).to_contain_text("Это горячая линия госуслуг", timeout=SOON)
    await page.fill("#words", "не могу войти в личный кабинет")
    await page.keyboard.press("Enter")
    await expect(story).to_contain_text("Тема: access", timeout=SOON)
    await expect(story).to_contain_text("решили слова")
    await expect(story).to_contain_text("Разговор с оператором")
    await expect(page.locator("#known")).to_contain_text("access")
    assert await axe_violations(page) == []
    await picture(page, "studio-call")

    await page.click("#again")
    await page.click(".keys button:text-is('2')")
    await expect(story).to_contain_text("Всего доброго", timeout=SOON)
    await expect(page.locator(".keys button:text-is('2')")).to_be_disabled()
    await page.click("#tab-picture")
    await expect(page.locator("#drawing svg .card.walked")).to_have_count(3)  # welcome, menu, farewell
    assert "go: farewell" not in (hotline.hotline.home.root / "dialplans/federal.yaml").read_text().split("english:")[0]


async def test_what_was_typed_survives_a_closed_tab(signed_in: SignedIn) -> None:
    page = await opened(signed_in)
    await replace(page, "Федеральная линия", "Ещё не готово")
    await expect(page.locator("#state")).to_contain_text("правок не опубликовано: 1")
    other = await page.context.new_page()
    await page.close()
    await other.goto(page.url)
    await expect(other.locator("plan-editor textarea")).to_have_value(having("Ещё не готово"))
    await other.click("#drop")
    await other.click("#yes")
    await expect(other.locator("plan-editor textarea")).to_have_value(having("Федеральная линия"))


async def test_by_keys_alone_it_goes_live_and_comes_back(signed_in: SignedIn, hotline: RunningHotline) -> None:
    page = await opened(signed_in)
    await replace(page, "Федеральная линия", "Общая линия")
    await page.keyboard.press("Control+s")
    await expect(page.locator("#ready")).to_contain_text("тесты прошли", timeout=SOON)
    await expect(page.locator("#changes .new")).to_contain_text("title: Общая линия")
    assert await axe_violations(page) == []
    await picture(page, "studio-difference")
    await page.keyboard.press("Enter")
    await expect(page.locator("#ready")).to_contain_text("в эфире", timeout=SOON)
    names = {line["name"] for line in (await hotline.status())["lines"]}
    assert "Общая линия" in names

    await page.click("#tab-versions")
    await page.locator("#history li", has_text="№ 1").get_by_text("Вернуть").click()
    assert await axe_violations(page) == []
    await page.keyboard.press("Enter")
    await hotline.until(lambda status: any(line["name"] == "Федеральная линия" for line in status["lines"]))
    await expect(page.locator("#state")).to_contain_text("В эфире версия 1; файлы от неё отличаются")


async def test_a_failing_test_keeps_it_from_callers(signed_in: SignedIn) -> None:
    page = await opened(signed_in, "dialplans/federal.tests.yaml")
    await replace(page, "ends: talked", "ends: goodbye")
    await page.click("#tab-difference")
    await expect(page.locator("#ready")).to_contain_text("Пустить нельзя", timeout=SOON)
    await expect(page.locator("#live")).to_be_disabled()
    await page.click("#tab-tests")
    await expect(page.locator("#results .failed")).to_have_count(1, timeout=SOON)
    assert await axe_violations(page) == []
    await picture(page, "studio-tests")


async def test_somebody_elses_change_is_told_and_nothing_is_lost(signed_in: SignedIn, hotline: RunningHotline) -> None:
    page = await opened(signed_in, "dialplans/technical.yaml")
    path = hotline.hotline.home.root / "dialplans/technical.yaml"
    before = path.read_text(encoding="utf-8")
    await replace(page, "title: ", "title: Мой ")
    path.write_text(f"# theirs\n{before}", encoding="utf-8")
    await replace(page, "title: ", "title: Мой ")
    await expect(page.locator("#notice")).to_contain_text("изменил кто-то ещё", timeout=SOON)
    assert await axe_violations(page) == []
    await picture(page, "studio-conflict")
    await page.click("text=Показать отличия моего от их")
    await expect(page.locator("#changes .gone").first).to_contain_text("# theirs", timeout=SOON)
    await page.click("text=Взять их текст")
    await expect(page.locator("plan-editor textarea")).to_have_value(having("# theirs"))
    path.write_text(before, encoding="utf-8")


async def test_it_is_usable_on_a_telephone(signed_in: SignedIn) -> None:
    page = await opened(signed_in, viewport=PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert await axe_violations(page) == []
    await page.click("#tab-call")
    await expect(page.locator("#story")).to_contain_text("госуслуг", timeout=SOON)
    await picture(page, "studio-telephone")
    sent = await page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".filter(each => !each.name.includes('/api/')).reduce((sum, each) => sum + each.transferSize, 0)"
    )
    assert sent < 200_000
