"""The operator's console in a real Chromium, its microphone a file: calls are served, passed on, and never lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, keys
from ivr.agent.sounds import Voice
from ivr.agent.steps import CallReport
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.provision.setup import Provisions
from ivr.web.commands import invitation
from tests.agent.tones import TONES, heard, write_tone
from tests.browser.conftest import LAPTOP, axe_violations, picture
from tests.browser.voices import speaking_browser
from tests.failures.conftest import kill, spare_ready
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline
from tests.telephone.test_call_back import free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.telephone,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
LINE = "88005553535"
OUTSIDE = "+78430000000"
_SOON = 20_000  # milliseconds
# Whose tones the page's loudspeaker gets: those within 15 dB of the loudest sound.
_LISTEN = """async (tones) => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  context.createMediaStreamSource(document.querySelector("#voice").srcObject).connect(analyser);
  await new Promise((done) => setTimeout(done, 900));
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  await context.close();
  const bin = (tone) => Math.round(tone / context.sampleRate * analyser.fftSize);
  const level = (tone) => Math.max(...levels.slice(bin(tone) - 2, bin(tone) + 3));
  const loudest = Math.max(...levels);
  return Object.keys(tones).filter((name) => loudest > -80 && level(tones[name]) > loudest - 15).sort();
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[RunningHotline, Agent]]:
    """A hotline that may ring one outside number, whose provider is the test agent."""
    provider = free_port()

    def change(root: Path) -> None:
        settings = root / "config" / "ivr.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.unlink()
        more = f"trunk: {{outgoing: '127.0.0.1:{provider}'}}\noutside: {{duty_officer: '{OUTSIDE}'}}\n"
        settings.write_text(f"{text}\n{more}", encoding="utf-8")

    folder = tmp_path_factory.mktemp("agent")
    place = Place(
        provisions.asterisk, CHECKOUT / "asterisk", folder / "asterisk", folder / "speech", folder / "recordings"
    )
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_hotline(tmp_path_factory.mktemp("hotline"), change=change))
        store = await stack.enter_async_context(running.hotline.store())
        reader = JournalReader(store, Keyring.load(running.hotline.wiring.keys), reveal=True)
        journal = reader.follow(await reader.position())
        agent = await stack.enter_async_context(
            running_agent(place, running.hotline.ports.sip, voice=voice, journal=journal, sip_port=provider)
        )
        yield running, agent


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_hotline(world: tuple[RunningHotline, Agent]) -> RunningHotline:
    return world[0]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def agent(world: tuple[RunningHotline, Agent]) -> Agent:
    return world[1]


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's voice is anna's tone."""
    return write_tone(tmp_path_factory.mktemp("microphone"), "anna", 10.0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser_with_microphone(microphone: Path) -> AsyncIterator[Browser]:
    async with speaking_browser(microphone) as browser:
        yield browser


@asynccontextmanager
async def console(browser: Browser, hotline: RunningHotline, *, network_lost: bool = False) -> AsyncIterator[Page]:
    """anna's console, her headset registered. Complaints of the page fail the test, but for those about the network."""
    complaints: list[str] = []
    context = await browser.new_context(viewport=LAPTOP, locale="ru-RU", permissions=["microphone"])  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(_SOON)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    try:
        await page.goto(await invitation(hotline.hotline))
        await page.select_option("select[name=operator]", "anna")
        await page.click("button[value=operator]")
        await page.goto(f"{hotline.hotline.web_address}/console")
        await expect(page.locator("#phone")).to_have_text("гарнитура на связи", timeout=_SOON)
        yield page
        if not page.is_closed():
            await page.click("#gone")
            await expect(page.locator("#state-name")).to_have_text("не на смене")
    finally:
        await context.close()
    assert network_lost or complaints == []


def speaking(folder: Path, name: str, seconds: float) -> OperatorScript:
    return OperatorScript(answer_after_seconds=0.3, talk=(PlayFile(write_tone(folder, name)),), talk_seconds=seconds)


@asynccontextmanager
async def caller(agent: Agent, folder: Path, *, consents: bool = False) -> AsyncIterator[asyncio.Task[CallReport]]:
    """Somebody who cannot sign in calls, and hangs up when the body is left before the call is over."""
    tone = PlayFile(write_tone(folder, "caller", 60.0))
    script = CallScript((keys("1"),), talk=(tone,), limit_seconds=120.0, consents=consents)
    calling = asyncio.create_task(agent.call(LINE, script, caller="+79991234567"))
    try:
        yield calling
    finally:
        calling.cancel()
        await asyncio.wait((calling,))


async def answered(page: Page) -> None:
    """anna is ready, and answers the call that comes."""
    await page.keyboard.press("Alt+KeyR")
    await expect(page.locator("#answer:visible")).to_be_enabled(timeout=2 * _SOON)
    await page.keyboard.press("Enter")
    await expect(page.locator("#call-phase:visible")).to_have_text("Разговор", timeout=_SOON)


async def asks(page: Page, key: str, target: str) -> None:
    """anna opens the list by its key and chooses; who was away a moment ago may not be there at once."""
    await page.keyboard.press(key)
    option = page.locator(f"#targets:not([hidden]) option[value='{target}']:not(:disabled)")
    async with asyncio.timeout(_SOON / 1000):
        while not await option.count():
            await asyncio.sleep(0.3)
            await page.keyboard.press(key)
    await page.select_option("#targets select[name=target]", target)


async def heard_in(page: Page, *names: str) -> None:
    """Wait until the page's loudspeaker gets exactly these."""
    found: list[str] = []
    for _ in range(12):  # 0.9 s each; telephones begin to speak when they are ready
        found = await page.evaluate(_LISTEN, dict(TONES))
        if found == sorted(names):
            return
    raise AssertionError(f"heard {found}, not {names}")


async def record_of(hotline: RunningHotline, call: str, kind: str) -> Record:
    return next(record for record in await hotline.records(call, reveal=True) if record.kind == kind)


async def talks(hotline: RunningHotline, report: CallReport) -> list[str]:
    return [str(record.data["operator"]) for record in await hotline.steps(report.call) if record.kind == "connected"]


async def test_a_caller_is_served_from_the_offer_to_the_filed_result(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/boris")
    async with console(browser_with_microphone, hotline) as page, AsyncExitStack() as stack:
        await picture(page, "console-gone")
        assert await axe_violations(page) == []
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#state-name")).to_have_text("ждёт звонка")
        await picture(page, "console-ready")
        calling = await stack.enter_async_context(caller(agent, tmp_path, consents=True))
        await expect(page.locator("#offer-topic")).to_have_text("Вход и пароль", timeout=2 * _SOON)
        await expect(page.locator("#answer:visible")).to_be_enabled(timeout=_SOON)
        await picture(page, "console-offer")
        assert await axe_violations(page) == []
        await page.keyboard.press("Enter")
        await expect(page.locator("#call-phase")).to_have_text("Разговор", timeout=_SOON)
        await heard_in(page, "caller")
        await picture(page, "console-talk")
        assert await axe_violations(page) == []
        await page.emulate_media(color_scheme="dark")
        await picture(page, "console-talk-dark")
        assert await axe_violations(page) == []
        await page.emulate_media(color_scheme="light")

        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Звонящий на удержании")
        await heard_in(page)
        await picture(page, "console-held")
        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Разговор")

        async with agent.operator("boris", password, speaking(tmp_path, "boris", 90.0)):
            await asks(page, "Alt+KeyC", "operator:boris")
            await picture(page, "console-targets")
            assert await axe_violations(page) == []
            await page.keyboard.press("Enter")
            await expect(page.locator("#call-phase")).to_have_text(
                "Консультация, звонящий слышит музыку: Борис Орлов", timeout=_SOON
            )
            await picture(page, "console-consult")
            assert await axe_violations(page) == []
            await page.keyboard.press("Alt+KeyJ")
            await expect(page.locator("#call-phase")).to_have_text("Разговор втроём: Борис Орлов")
            await picture(page, "console-three")
            await page.keyboard.press("Alt+KeyH")
            await expect(page.locator("#call-phase")).to_have_text("Разговор")

        await page.keyboard.press("Alt+KeyI")
        await expect(page.locator("#recording-paused")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.fill("#proof-snils", "112-233-445 96")
        await expect(page.locator("[data-said=snils]")).to_contain_text("не сходится")
        await page.fill("#proof-snils", "112-233-445 95")
        await page.keyboard.press("Enter")
        await page.fill("#proof-birth_date", "12.04.1961")
        await page.locator("#proof-birth_date").press("Enter")
        await page.keyboard.press("Enter")
        await expect(page.locator("#identity-note")).to_contain_text("подтверждена")
        await expect(page.locator("#recording-paused")).to_be_hidden()

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
    checked = await record_of(hotline, report.call, "identity_checked")
    assert dict(checked.data) == {"operator": "anna", "checked": "snils,birth_date", "proven": True}
    kinds = [record.kind for record in await hotline.steps(report.call)]
    checking = ["recording_paused", "identity_checked", "recording_resumed"]
    assert [kind for kind in kinds if kind in checking] == checking
    result = await record_of(hotline, report.call, "result")
    assert (result.data["category"], result.data["resolved"]) == ("information", True)
    status = await record_of(hotline, report.call, "request_status")
    assert status.data["request"] == result.data["request"]


async def test_a_call_that_is_declined_comes_back_and_goes_over_after_a_word(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/boris")
    async with console(browser_with_microphone, hotline) as page, caller(agent, tmp_path) as calling:
        await answered(page)
        async with agent.operator("boris", password, OperatorScript(answer_after_seconds=0.5, decline=True)):
            await asks(page, "Alt+KeyT", "operator:boris")
            await page.keyboard.press("Enter")
            await expect(page.locator("#toast")).to_have_text("Борис Орлов: звонок отклонён", timeout=_SOON)
            await expect(page.locator("#call-phase")).to_have_text("Разговор")
            await heard_in(page, "caller")
        async with agent.operator("boris", password, speaking(tmp_path, "boris", 8.0)) as boris:
            await asks(page, "Alt+KeyC", "operator:boris")
            await page.keyboard.press("Enter")
            await expect(page.locator("#call-phase")).to_contain_text("Консультация", timeout=_SOON)
            await asyncio.sleep(2.0)  # what boris hears meanwhile is looked at below
            await page.keyboard.press("Alt+KeyG")
            await expect(page.locator("#state-name")).to_have_text("оформление", timeout=_SOON)
            report, talk = await calling, await boris.talks.get()
    assert talk.heard
    assert heard(talk.heard) == [{"anna"}, {"caller"}]
    assert await talks(hotline, report) == ["anna", "boris"]
    assert (await record_of(hotline, report.call, "transferred")).data["warm"] is True


async def test_neither_a_dead_controller_nor_a_closed_tab_costs_the_caller_anything(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/boris")
    async with console(browser_with_microphone, hotline, network_lost=True) as page, caller(agent, tmp_path) as calling:
        await answered(page)
        second = await page.context.new_page()
        await second.goto(page.url)
        await expect(second.locator("#phone")).to_contain_text("в другое окно")
        await expect(second.locator("#call-phase")).to_have_text("Разговор")
        await second.close()

        await spare_ready(hotline)
        kill(hotline.process_id("controller"))
        await hotline.back()
        await expect(page.locator("[data-act=hold]")).to_be_visible(timeout=_SOON)
        await heard_in(page, "caller")
        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Звонящий на удержании", timeout=_SOON)
        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Разговор", timeout=_SOON)
        await heard_in(page, "caller")
        await expect(page.locator("#mute")).to_be_visible()  # the headset is known to be in the browser

        async with agent.operator("boris", password, speaking(tmp_path, "boris", 3.0)):
            await page.close(run_before_unload=False)
            report = await calling
    assert report.outcome == "talked"
    assert await talks(hotline, report) == ["anna", "boris"], "the caller waited for, and got, another operator"
    assert report.heard
    assert {"boris"} in heard(report.heard)


async def test_a_lost_network_gives_the_caller_to_somebody_else_and_the_page_comes_back(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path, microphone: Path
) -> None:
    password = hotline.hotline.secrets.password("operator/boris")
    async with console(browser_with_microphone, hotline, network_lost=True) as page:
        async with caller(agent, tmp_path) as calling:
            await answered(page)
            await heard_in(page, "caller")
            async with agent.operator("boris", password, speaking(tmp_path, "boris", 3.0)):
                with stopped(microphone):
                    report = await calling
        assert await talks(hotline, report) == ["anna", "boris"]
        again = [record for record in await hotline.records(report.call) if record.kind == "queued"][-1]
        assert (again.data["priority"], again.data["position"]) == (1, 1), "at the head, in the old place"
        await expect(page.locator("#idle-title")).to_have_text("Вы не на смене", timeout=2 * _SOON)
        await expect(page.locator("#phone")).to_have_text("гарнитура на связи", timeout=2 * _SOON)
        await picture(page, "console-network-lost")


@contextmanager
def stopped(microphone: Path) -> Iterator[None]:
    """The browser with that microphone stands still, as a machine that has lost its network does for others."""
    processes = _family(microphone)
    assert processes
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def _family(microphone: Path) -> set[int]:
    """The browser's processes: it is the one that is told of the microphone, and has children."""
    parents: dict[int, int] = {}
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if str(microphone).encode() in (path / "cmdline").read_bytes():
                found.add(int(path.name))
        except OSError:
            continue  # ended meanwhile
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


async def test_the_page_is_light_and_soon_usable(browser_with_microphone: Browser, hotline: RunningHotline) -> None:
    async with console(browser_with_microphone, hotline) as page:
        await page.reload()
        await expect(page.locator("#state-name")).not_to_have_text("…")
        sent = await page.evaluate("performance.getEntries().reduce((sum, each) => sum + (each.transferSize ?? 0), 0)")
        assert sent <= 200_000
        await page.click("text=English")
        await expect(page.locator("#idle-title")).to_have_text("You are off shift")
        await picture(page, "console-english")
        assert await axe_violations(page) == []
        await page.click("text=Русский")
        await expect(page.locator("#idle-title")).to_have_text("Вы не на смене")
