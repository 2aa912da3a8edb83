"""The whole hotline by its pages alone: a caller in one browser, an operator in another, a transfer, the wallboard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, keys
from ivr.agent.sounds import Voice
from ivr.web.commands import invitation
from tests.agent.tones import write_tone
from tests.browser.conftest import LAPTOP, WALL, axe_violations, picture
from tests.browser.desk import codecs
from tests.browser.voices import does_not_hear, speaking_browser, write_microphone
from tests.failures.conftest import kill, spare_ready
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.browser, pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]
TELEPHONE = {"width": 390, "height": 844}
SENTENCE = "не могу войти в личный кабинет"
LONG = 60_000  # milliseconds: nothing waits for it that comes
ONE_SECOND = 1.0
_BY_TELEPHONE = "localStorage.setItem('ivr-device', 'telephone')"
_NO_MICROPHONE = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') }"
# Notes by the browser's clock (Unix seconds) when an element first shows a text.
_NOTE = """([id, text]) => new Promise(done => {
  const element = document.getElementById(id), look = () => element.textContent === text && done(Date.now() / 1000);
  new MutationObserver(look).observe(element, {childList: true, characterData: true, subtree: true});
  look();
})"""


# Dials as an account may that was lent to a page: the status that Asterisk refuses with, or "talks".
_DIAL = """async ([address, account, password, target]) => {
  const library = await import("/static/vendor/jssip.js"), JsSIP = library.default ?? library;
  const sockets = [new JsSIP.WebSocketInterface(address)], uri = `sip:${account}@127.0.0.1`;
  const agent = new JsSIP.UA({sockets, uri, password, register: false, session_timers: false});
  const ended = await new Promise(done => {
    agent.once("connected", () => {
      const call = agent.call(target, {mediaConstraints: {audio: true}, pcConfig: {iceServers: []}});
      call.on("failed", ({cause, message}) => done(message?.status_code ?? cause));
      call.on("confirmed", () => done("talks"));
    });
    agent.start();
  });
  agent.stop();
  return ended;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browsers(tmp_path_factory: pytest.TempPathFactory, voice: Voice) -> AsyncIterator[tuple[Browser, Browser]]:
    """The caller's, who says the sentence and then is a tone, and the operators', in which anna is a tone."""
    folder = tmp_path_factory.mktemp("microphones")
    caller = await asyncio.to_thread(write_microphone, folder / "caller.wav", "caller", voice, SENTENCE, 30.0)
    anna = write_microphone(folder / "anna.wav", "anna")
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(speaking_browser(caller)),
            await stack.enter_async_context(speaking_browser(anna)),
        )


class Pages:
    """Pages of people, each in a context of its own; `complaints` is what their consoles showed as errors."""

    def __init__(self, hotline: RunningHotline) -> None:
        self.hotline = hotline
        self.complaints: list[str] = []

    async def open(self, browser: Browser, **options: object) -> Page:
        context = await browser.new_context(locale="ru-RU", permissions=["microphone"], **options)  # type: ignore[arg-type]
        page = await context.new_page()
        page.set_default_timeout(LONG)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        return page

    async def signed_in(
        self, browser: Browser, role: str, path: str, operator: str = "", script: str = "", **options: object
    ) -> Page:
        page = await self.open(browser, **options)
        await page.add_init_script(script)
        await page.goto(await invitation(self.hotline.hotline))
        if operator:
            await page.select_option("select[name=operator]", operator)
        await page.click(f"button[value={role}]")
        await page.wait_for_url(f"{self.hotline.hotline.web_address}/**")
        await page.goto(f"{self.hotline.hotline.web_address}{path}")
        return page


@pytest.mark.timeout(240)  # three browsers and a call of a minute, on a machine that is shared
async def test_a_caller_is_understood_waits_is_answered_passed_on_and_written_up(
    agent: Agent, hotline: RunningHotline, browsers: tuple[Browser, Browser], tmp_path: Path
) -> None:
    theirs, ours = browsers
    pages = Pages(hotline)
    wall = await pages.signed_in(ours, "supervisor", "/", viewport=WALL)
    anna = await pages.signed_in(ours, "operator", "/console", "anna", viewport=LAPTOP)
    await expect(anna.locator("#phone")).to_have_text("гарнитура на связи", timeout=LONG)
    await anna.click("#ready")
    await anna.select_option("#pause", "break")
    await expect(anna.locator("#state-name")).to_have_text("пауза", timeout=LONG)

    caller = await pages.open(theirs, viewport=TELEPHONE, device_scale_factor=2)
    await caller.goto(f"{hotline.hotline.web_address}/call")
    await expect(caller.locator("#outlook")).not_to_be_empty()
    assert await axe_violations(caller) == []
    await picture(caller, "caller-choose")

    # the caller speaks, is understood, and waits
    seen_waiting = asyncio.ensure_future(wall.evaluate(_NOTE, ["waiting-count", "1"]))
    await caller.click("#call")
    await expect(caller.locator("#during")).to_be_visible(timeout=LONG)
    await expect(caller.locator("#place")).to_have_text("1", timeout=LONG)
    call = (await hotline.status())["waiting"][0]["call"]
    assert await axe_violations(caller) == []
    await picture(caller, "caller-waits")
    told = [record for record in await hotline.records(call, reveal=True) if record.kind in ("heard", "topic")]
    assert told[-1].data["topic"] == "access"
    assert "войти" in str(told[0].personal)

    # an operator in another browser answers; each hears the other
    answered = await wall.locator("#answered-count").text_content()
    seen_answered = asyncio.ensure_future(wall.evaluate(_NOTE, ["answered-count", str(int(answered or 0) + 1)]))
    await anna.click("#ready")
    await expect(anna.locator("#offer")).to_be_visible(timeout=LONG)
    await expect(anna.locator("#offer-words")).to_contain_text("войти")
    await anna.click("#answer")
    await expect(caller.locator("#during[data-phase=talking]")).to_be_visible(timeout=LONG)
    await picture(caller, "caller-talks")
    missed = await asyncio.gather(does_not_hear(caller, "anna"), does_not_hear(anna, "caller"))
    assert list(missed) == ["", ""]

    # the wallboard has shown both within a second of the journal
    at = {record.kind: record.wall_seconds for record in await hotline.records(call)}
    late = [await seen_waiting - at["queued"], await seen_answered - at["connected"]]
    assert min(late) < ONE_SECOND, late  # the better of the two: the machine may have been busy with others

    # passed on to a colleague at a SIP telephone, who then writes the result
    boris_talks = OperatorScript(talk=(PlayFile(write_tone(tmp_path, "boris")),))
    async with agent.operator("boris", hotline.hotline.secrets.password("operator/boris"), boris_talks):
        await anna.keyboard.press("Alt+KeyT")
        await anna.select_option("#targets [name=target]", "operator:boris")
        await anna.click("#targets button:has-text('Соединить')")
        assert await does_not_hear(caller, "boris") == ""
        await caller.click("#hang-up")
        await expect(caller.locator("#after")).to_be_visible(timeout=LONG)
        await expect(caller.locator("#trouble")).to_be_hidden()
        await hotline.until(lambda status: not status["calls"])
        boris = await pages.signed_in(ours, "operator", "/console", "boris", script=_BY_TELEPHONE, viewport=LAPTOP)
        await boris.fill("#result [name=note]", "Восстановили пароль, вход проверен.")
        await boris.click("#file")
        await expect(boris.locator("#toast")).to_contain_text("Итог записан", timeout=LONG)
    kinds = [record.kind for record in await hotline.records(call)]
    assert {"transferred", "talk_ended", "ended", "result"} <= set(kinds)

    # the caller rates, and sees the request by its number and code alone
    await expect(caller.locator("#rate")).to_be_visible(timeout=LONG)
    assert await axe_violations(caller) == []
    await picture(caller, "caller-rates")
    await caller.click("[data-score='5']")
    await expect(caller.locator("#thanks")).to_contain_text("Спасибо", timeout=LONG)
    [rated] = [record for record in await hotline.records(call) if record.kind == "rated"]
    assert (rated.data["score"], rated.data["operator"]) == (5, "boris")
    number, code = [await caller.locator(f"#{id_}").inner_text() for id_ in ("request", "code")]
    stranger = await pages.open(theirs, viewport=TELEPHONE, device_scale_factor=2)
    await stranger.goto(f"{hotline.hotline.web_address}/call")
    await stranger.click("#history summary")
    await stranger.fill("#ask [name=number]", number)
    await stranger.fill("#ask [name=proof]", code)
    await stranger.click("#ask button")
    await expect(stranger.locator("#requests li")).to_contain_text(re.compile("Завершено.*Вход и пароль", re.DOTALL))
    await picture(stranger, "caller-requests")
    assert await axe_violations(stranger) == []

    for page in (wall, anna, boris, caller, stranger):
        await page.context.close()
    assert pages.complaints == []


@pytest.mark.timeout(180)
async def test_a_page_that_is_loaded_again_has_its_place_and_one_without_a_microphone_calls_nobody(
    agent: Agent, hotline: RunningHotline, browsers: tuple[Browser, Browser]
) -> None:
    theirs, ours = browsers
    pages = Pages(hotline)
    anna = await pages.signed_in(ours, "operator", "/console", "anna", script=_BY_TELEPHONE, viewport=LAPTOP)
    await anna.click("#ready")
    await anna.select_option("#pause", "break")
    await expect(anna.locator("#state-name")).to_have_text("пауза", timeout=LONG)
    deaf = await pages.open(theirs, viewport=TELEPHONE)
    await deaf.add_init_script(_NO_MICROPHONE)
    await deaf.goto(f"{hotline.hotline.web_address}/call")
    await deaf.click("#call")
    await expect(deaf.locator("#trouble")).to_contain_text("не дал микрофон")
    assert await axe_violations(deaf) == []
    await picture(deaf, "caller-no-microphone")

    caller = await pages.open(theirs, viewport=TELEPHONE, color_scheme="dark")
    await caller.goto(f"{hotline.hotline.web_address}/call")
    await caller.check("[name=topic][value=access]")
    await caller.keyboard.press("Enter")  # by keys alone
    await expect(caller.locator("#place")).to_have_text("1", timeout=LONG)
    [first] = [call["call"] for call in (await hotline.status())["calls"]]
    behind = asyncio.create_task(agent.call("88005553535", CallScript((keys("1"),), hang_up_after_seconds=45.0)))
    await hotline.until(lambda status: status["waiting_count"] == 2)
    await caller.reload()
    await caller.check("[name=topic][value=access]")
    await caller.click("#call")
    await expect(caller.locator("#place")).to_have_text("1", timeout=LONG)
    await picture(caller, "caller-waits-dark")
    assert first not in [call["call"] for call in (await hotline.status())["calls"]]
    await caller.click("#hang-up")
    await expect(caller.locator("#after")).to_be_visible(timeout=LONG)
    await behind
    await anna.click("#gone")
    for page in (anna, deaf, caller):
        await page.context.close()
    assert pages.complaints == []


@pytest.mark.timeout(240)  # two controllers, three calls
async def test_a_page_finds_its_call_again_when_the_controller_dies(
    agent: Agent, hotline: RunningHotline, browsers: tuple[Browser, Browser]
) -> None:
    theirs, ours = browsers
    pages = Pages(hotline)
    anna = await pages.signed_in(ours, "operator", "/console", "anna", viewport=LAPTOP)
    await expect(anna.locator("#phone")).to_have_text("гарнитура на связи", timeout=LONG)
    await anna.click("#ready")
    await anna.select_option("#pause", "break")
    await expect(anna.locator("#state-name")).to_have_text("пауза", timeout=LONG)
    ahead = asyncio.create_task(agent.call("88005553535", CallScript((keys("1"),))))
    await hotline.until(lambda status: status["waiting_count"] == 1)
    caller = await pages.open(theirs, viewport=TELEPHONE)
    await caller.goto(f"{hotline.hotline.web_address}/call")
    await caller.check("[name=topic][value=access]")
    await caller.click("#call")
    await expect(caller.locator("#place")).to_have_text("2", timeout=LONG)
    call = (await hotline.status())["waiting"][1]["call"]
    await spare_ready(hotline)
    kill(hotline.process_id("controller"))
    await hotline.back()

    ahead.cancel()
    await asyncio.gather(ahead, return_exceptions=True)
    await expect(caller.locator("#place")).to_have_text("1", timeout=LONG)
    await expect(caller.locator("#trouble")).to_be_hidden(timeout=LONG)
    await picture(caller, "caller-found-again")
    assert list((await codecs(hotline)).values()) == ["opus"]
    await anna.click("#ready")
    await anna.click("#answer")
    await expect(caller.locator("#during[data-phase=talking]")).to_be_visible(timeout=LONG)
    assert await does_not_hear(caller, "anna") == ""
    await caller.click("#hang-up")  # by a way that the page has found again, too
    await hotline.until(lambda status: not status["calls"])
    await caller.click("[data-score='4']")
    await expect(caller.locator("#thanks")).to_contain_text("Спасибо", timeout=LONG)
    kinds = [record.kind for record in await hotline.records(call)]
    assert {"adopted", "connected", "rated"} <= set(kinds)
    await anna.click("#gone")
    for page in (anna, caller):
        await page.context.close()


@pytest.mark.timeout(120)
async def test_a_lent_account_reaches_our_line_and_nothing_else(
    hotline: RunningHotline, browsers: tuple[Browser, Browser]
) -> None:
    pages = Pages(hotline)
    page = await pages.open(browsers[0], viewport=TELEPHONE)
    await page.goto(f"{hotline.hotline.web_address}/call")
    lent = await page.evaluate("fetch('/api/call/begin', {method: 'POST', body: '{}', "
                               "headers: {'content-type': 'application/json'}}).then(told => told.json())")  # fmt: skip
    relay = hotline.hotline.web_address.replace("http", "ws") + lent["telephone"]
    direct = hotline.hotline.asterisk_address.replace("http", "ws") + "/ws"
    own = [lent["account"], lent["password"]]
    for target in ("88005553535", "101", "*1", "anna", "+79001234567", "s"):
        assert await page.evaluate(_DIAL, [relay, *own, target]) == 404, target
    for account, password in ((own[0], "guessed"), ("visitor-5", own[1]), ("anna", own[1])):
        refused = await page.evaluate(_DIAL, [direct, account, password, "call"])
        assert refused in (401, 403, 500), (account, refused)
    for account in ("trunk", "anna", "nobody"):  # nor does anything in anybody else's name reach Asterisk
        cut_off = await page.evaluate(_DIAL, [relay, account, own[1], "88005553535"])
        assert cut_off in ("Canceled", "Connection Error"), (account, cut_off)
    assert await page.evaluate(_DIAL, [relay, *own, "call"]) == "talks"
    await hotline.until(lambda status: not status["calls"])
    await page.context.close()
    assert pages.complaints == []
