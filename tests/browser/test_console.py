"""The operator's console in a real Chromium, its microphone a file: calls are served, passed on, and never lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from ivr.agent.agent import Agent, Place, running_agent
from ivr.agent.script import OperatorScript
from ivr.agent.sounds import Voice
from ivr.agent.steps import CallReport
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.provision.setup import Provisions
from tests.agent.tones import heard, write_tone
from tests.browser.conftest import axe_violations, picture
from tests.browser.desk import SOON, answered, asks, caller, console, consults_boris, heard_in, speaking, stopped
from tests.browser.voices import speaking_browser
from tests.failures.conftest import kill, spare_ready
from tests.ports import free_port
from tests.telephone.conftest import CHECKOUT, RunningHotline, running_hotline
from tests.telephone.test_recording import recorded, unsealed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.telephone,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
OUTSIDE = "+78430000000"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    provisions: Provisions, voice: Voice, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[RunningHotline, Agent]]:
    """A hotline that may ring one outside number, whose provider is the test agent."""
    provider = free_port(socket.SOCK_DGRAM)

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
        await expect(page.locator("#offer-topic")).to_have_text("Вход и пароль", timeout=2 * SOON)
        await expect(page.locator("#answer:visible")).to_be_enabled(timeout=SOON)
        await picture(page, "console-offer")
        assert await axe_violations(page) == []
        await page.keyboard.press("Enter")
        await expect(page.locator("#call-phase")).to_have_text("Разговор", timeout=SOON)
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
                "Консультация, звонящий слышит музыку: Борис Орлов", timeout=SOON
            )
            await heard_in(page, "boris")
            await picture(page, "console-consult")
            assert await axe_violations(page) == []
            await page.keyboard.press("Alt+KeyJ")
            await expect(page.locator("#call-phase")).to_have_text("Разговор втроём: Борис Орлов")
            await heard_in(page, "boris", "caller")
            await picture(page, "console-three")
            await page.keyboard.press("Alt+KeyH")
            await expect(page.locator("#call-phase")).to_have_text("Разговор")
            await heard_in(page, "caller")

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
    talker = caller(agent, tmp_path, consents=True)
    async with console(browser_with_microphone, hotline) as page, talker as calling:
        await answered(page)
        async with agent.operator("boris", password, OperatorScript(answer_after_seconds=0.5, decline=True)):
            await asks(page, "Alt+KeyT", "operator:boris")
            await page.keyboard.press("Enter")
            await expect(page.locator("#toast")).to_have_text("Борис Орлов: звонок отклонён", timeout=SOON)
            await expect(page.locator("#call-phase")).to_have_text("Разговор")
            await heard_in(page, "caller")
        async with agent.operator("boris", password, speaking(tmp_path, "boris", 15.0)) as boris:
            # Whoever comes in the place of another is heard: one of the two has the older sequence numbers.
            await consults_boris(page)
            await page.keyboard.press("Alt+KeyH")
            await expect(page.locator("#call-phase")).to_have_text("Разговор")
            await heard_in(page, "caller")
            await boris.talks.get()
            await consults_boris(page)
            await asyncio.sleep(1.0)  # what boris hears meanwhile is looked at below
            await page.keyboard.press("Alt+KeyG")
            await expect(page.locator("#state-name")).to_have_text("оформление", timeout=SOON)
            report, talk = await calling, await boris.talks.get()
    assert talk.heard
    assert heard(talk.heard) == [{"anna"}, {"caller"}]
    assert await talks(hotline, report) == ["anna", "boris"]
    assert (await record_of(hotline, report.call, "transferred")).data["warm"] is True
    await recorded(hotline, report.call)
    file = tmp_path / "call.wav"
    await unsealed(hotline, report.call, file)
    assert {"anna", "boris", "caller"} <= set[str]().union(*heard(file)), "whoever talked with the caller is recorded"


async def test_the_caller_goes_on_to_a_queue_and_from_there_outside_and_what_is_known_goes_along(
    browser_with_microphone: Browser, hotline: RunningHotline, agent: Agent, tmp_path: Path
) -> None:
    async with (
        console(browser_with_microphone, hotline) as anna,
        console(browser_with_microphone, hotline, "vera") as vera,
        caller(agent, tmp_path) as calling,
    ):
        await answered(anna)
        await asks(anna, "Alt+KeyT", "topic:forms")
        await anna.keyboard.press("Enter")
        await expect(anna.locator("#state-name")).to_have_text("оформление", timeout=SOON)
        await vera.keyboard.press("Alt+KeyR")
        await expect(vera.locator("#offer-topic")).to_have_text("Заполнение заявлений и файлы", timeout=2 * SOON)
        await expect(vera.locator("#offer-why")).to_contain_text("Передан: Анна Белова")
        await expect(vera.locator("#offer-caller")).to_contain_text("999 123")
        await answered(vera)
        await expect(vera.locator("#call-way")).to_contain_text("Перевод: Анна Белова")
        await heard_in(vera, "caller")
        async with agent.telephone(OUTSIDE, speaking(tmp_path, "olga", 3.0)) as officer:
            await asks(vera, "Alt+KeyT", "outside:duty_officer")
            await vera.keyboard.press("Enter")
            await expect(vera.locator("#state-name")).to_have_text("оформление", timeout=SOON)
            report, talk = await calling, await officer.talks.get()
    assert talk.heard
    assert {"caller"} in heard(talk.heard)
    assert report.heard
    assert {"olga"} in heard(report.heard)
    passed = [record.data for record in await hotline.steps(report.call) if record.kind == "transferred"]
    assert [(facts["operator"], facts["to"]) for facts in passed] == [("anna", "queue"), ("vera", "outside")]


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
        await expect(page.locator("[data-act=hold]")).to_be_visible(timeout=SOON)
        await heard_in(page, "caller")
        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Звонящий на удержании", timeout=SOON)
        await page.keyboard.press("Alt+KeyH")
        await expect(page.locator("#call-phase")).to_have_text("Разговор", timeout=SOON)
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
        await expect(page.locator("#idle-title")).to_have_text("Вы не на смене", timeout=2 * SOON)
        await expect(page.locator("#phone")).to_have_text("гарнитура на связи", timeout=2 * SOON)
        await picture(page, "console-network-lost")


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
