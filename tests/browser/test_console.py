"""The operator's console in a real Chromium, its microphone a file: a caller is understood, waits, and is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, Say
from ivr.agent.steps import CallReport
from ivr.journal.record import Record
from ivr.web.commands import invitation
from tests.agent.tones import TONES, heard, write_tone
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.conftest import LAPTOP, axe_violations, picture
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
LINE = "88005553535"
_MICROPHONE = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)
# Whose tones the page's loudspeaker gets: those within 15 dB of the loudest sound.
_LISTEN = """async (tones) => {
  const stream = document.querySelector('#voice').srcObject;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  context.createMediaStreamSource(stream).connect(analyser);
  await new Promise((done) => setTimeout(done, 900));
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const bin = (tone) => Math.round(tone / context.sampleRate * analyser.fftSize);
  const level = (tone) => Math.max(...levels.slice(bin(tone) - 2, bin(tone) + 3));
  const loudest = Math.max(...levels);
  const found = Object.keys(tones).filter((name) => loudest > -80 && level(tones[name]) > loudest - 15);
  await context.close();
  return found.sort();
}"""


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


def speaking(folder: Path, name: str, seconds: float) -> OperatorScript:
    return OperatorScript(answer_after_seconds=0.3, talk=(PlayFile(write_tone(folder, name)),), talk_seconds=seconds)


@asynccontextmanager
async def caller(agent: Agent, folder: Path) -> AsyncIterator[asyncio.Task[CallReport]]:
    """Somebody who cannot sign in calls, and hangs up when the body is left before the call is over."""
    said = (Say("не могу войти в личный кабинет"),)
    tone = PlayFile(write_tone(folder, "caller", 60.0))
    script = CallScript((said,), talk=(tone,), limit_seconds=90.0)
    calling = asyncio.create_task(agent.call(LINE, script, caller="+79991234567"))
    try:
        yield calling
    finally:
        calling.cancel()
        await asyncio.wait((calling,))


async def heard_in(page: Page, *names: str) -> None:
    """Wait until the page's loudspeaker gets exactly these."""
    found: list[str] = []
    for _ in range(8):  # 0.9 s each; telephones begin to speak when they are ready
        found = await page.evaluate(_LISTEN, dict(TONES))
        if found == sorted(names):
            return
    raise AssertionError(f"heard {found}, not {names}")


async def record_of(hotline: RunningHotline, call: str, kind: str) -> Record:
    return next(record for record in await hotline.records(call, reveal=True) if record.kind == kind)


async def test_a_caller_is_served_in_the_browser_from_the_first_word_to_the_filed_result(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    boris = agent.operator(
        "boris", hotline.hotline.secrets.password("operator/boris"), speaking(tmp_path, "boris", 60.0)
    )
    async with console(browser_with_microphone, hotline) as page, AsyncExitStack() as stack:
        await picture(page, "console-gone")
        assert await axe_violations(page) == []
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#state-name")).to_have_text("свободен")
        await picture(page, "console-ready")
        calling = await stack.enter_async_context(caller(agent, tmp_path))
        await expect(page.locator("#offer-topic")).to_have_text("Вход и пароль", timeout=40_000)
        await expect(page.locator("#answer")).to_be_enabled()
        await expect(page.locator("#offer-words")).to_contain_text("не могу войти")
        await picture(page, "console-offer")
        assert await axe_violations(page) == []
        await page.keyboard.press("Enter")
        await expect(page.locator("#call-phase")).to_have_text("Разговор")
        await heard_in(page, "caller")
        await picture(page, "console-talk")
        assert await axe_violations(page) == []

        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Звонящий на удержании")
        await asyncio.sleep(1.2)
        await picture(page, "console-held")
        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Разговор")

        async with boris:
            await page.keyboard.press("Alt+KeyC")
            await page.select_option("#targets select[name=target]", "operator:boris")
            await picture(page, "console-consult")
            await page.click("#targets button:has-text('Соединить')")
            await expect(page.locator("#call-phase")).to_contain_text("Консультация")
            await heard_in(page, "boris")
            await page.click("text=Втроём")
            await expect(page.locator("#call-phase")).to_contain_text("втроём")
            await heard_in(page, "boris", "caller")
            await picture(page, "console-three")
            await page.keyboard.press("Alt+KeyH")
            await expect(page.locator("#call-phase")).to_have_text("Разговор")

        await page.fill("#proof-snils", "112-233-445 96")
        await expect(page.locator("[data-said=snils]")).to_contain_text("не сходится")
        await page.fill("#proof-snils", "112-233-445 95")
        await page.fill("#proof-birth_date", "12.04.1961")
        await page.check("[data-tick=snils]")
        await page.check("[data-tick=birth_date]")
        await page.click("#proven")
        await expect(page.locator("#identity-note")).to_contain_text("подтверждена")

        await page.keyboard.press("Alt+KeyK")
        await expect(page.locator("#call-phase")).to_have_text("Разговор окончен")
        await page.select_option("#template", index=1)
        await picture(page, "console-result")
        assert await axe_violations(page) == []
        await page.keyboard.press("Alt+KeyS")
        await expect(page.locator("#toast")).to_contain_text("Итог записан")
        report = await calling
        await expect(page.locator("#work")).to_be_hidden()
    assert report.outcome == "talked"
    assert report.heard
    sounds = heard(report.heard)
    assert {"anna"} in sounds
    assert {"music"} in sounds
    assert any("boris" in each for each in sounds), "all three"
    checked = await record_of(hotline, report.call, "identity_checked")
    assert dict(checked.data) == {"operator": "anna", "checked": "snils,birth_date", "proven": True}
    result = await record_of(hotline, report.call, "result")
    assert result.data["category"] == "information"
    assert result.data["resolved"] is True
    status = await record_of(hotline, report.call, "request_status")
    assert status.data["request"] == result.data["request"]


async def test_a_transfer_takes_the_caller_and_their_story_to_a_colleague(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/boris")
    async with console(browser_with_microphone, hotline) as page, caller(agent, tmp_path) as calling:
        await answered(page, calling)
        async with agent.operator("boris", password, speaking(tmp_path, "boris", 4.0)) as boris:
            await page.keyboard.press("Alt+KeyT")
            await page.select_option("#targets select[name=target]", "operator:boris")
            await page.keyboard.press("Enter")
            await expect(page.locator("#state-name")).to_have_text("оформление")
            report = await calling
            talk = await boris.talks.get()
    assert report.heard
    assert talk.heard
    assert heard(talk.heard) == [{"caller"}]
    assert [each for each in heard(report.heard) if each & {"anna", "boris"}] == [{"anna"}, {"boris"}]
    passed = await record_of(hotline, report.call, "transferred")
    assert (passed.data["operator"], passed.data["target"]) == ("anna", "boris")
    assert [record.data["operator"] for record in await hotline.records(report.call) if record.kind == "connected"] == [
        *("anna", "boris")
    ]


async def test_a_closed_tab_costs_the_caller_nothing_and_a_second_tab_takes_no_calls(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/boris")
    async with console(browser_with_microphone, hotline) as page, caller(agent, tmp_path) as calling:
        await answered(page, calling)
        second = await page.context.new_page()
        await second.goto(page.url)
        await expect(second.locator("#phone")).to_contain_text("в другой вкладке")
        await expect(second.locator("#call-phase")).to_have_text("Разговор")
        await second.close()
        async with agent.operator("boris", password, speaking(tmp_path, "boris", 3.0)):
            await page.close(run_before_unload=False)
            report = await calling
    assert report.outcome == "talked"
    talks = [record.data["operator"] for record in await hotline.records(report.call) if record.kind == "connected"]
    assert talks == ["anna", "boris"], "the caller waited for, and got, another operator"
    assert report.heard
    assert {"boris"} in heard(report.heard)


async def answered(page: Page, calling: asyncio.Task[CallReport]) -> None:
    """anna is ready and answers the call that comes."""
    await page.keyboard.press("Alt+KeyR")
    await expect(page.locator("#answer")).to_be_enabled(timeout=40_000)
    assert not calling.done()
    await page.keyboard.press("Enter")
    await expect(page.locator("#call-phase")).to_have_text("Разговор")
    await asyncio.sleep(1.5)


async def test_the_page_is_light_and_soon_usable(browser_with_microphone: Browser, hotline: RunningHotline) -> None:
    async with console(browser_with_microphone, hotline) as page:
        await page.reload()
        await expect(page.locator("#state-name")).not_to_have_text("…")
        sent = await page.evaluate("performance.getEntries().reduce((sum, each) => sum + (each.transferSize ?? 0), 0)")
        assert sent <= 200_000
