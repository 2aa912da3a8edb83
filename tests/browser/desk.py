"""An operator's console in a real Chromium: opened, worked by its keys, listened to, and cut off."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, keys
from ivr.agent.steps import CallReport
from ivr.line.ari import AriClient
from ivr.web.commands import invitation
from tests.agent.tones import TONES, write_tone
from tests.browser.conftest import LAPTOP
from tests.telephone.conftest import RunningHotline

LINE = "88005553535"
SOON = 20_000  # milliseconds
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


@asynccontextmanager
async def page_with_microphone(browser: Browser) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page as a laptop shows it, and what it complains about."""
    complaints: list[str] = []
    context = await browser.new_context(viewport=LAPTOP, locale="ru-RU", permissions=["microphone"])  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(SOON)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    try:
        yield page, complaints
    finally:
        await context.close()


@asynccontextmanager
async def console(
    browser: Browser, hotline: RunningHotline, operator: str = "anna", *, network_lost: bool = False
) -> AsyncIterator[Page]:
    """An operator's console, the headset registered. Complaints of the page fail the test, but for the network's."""
    async with page_with_microphone(browser) as (page, complaints):
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.goto(await invitation(hotline.hotline))
        await page.select_option("select[name=operator]", operator)
        await page.click("button[value=operator]")
        await page.goto(f"{hotline.hotline.web_address}/console")
        await expect(page.locator("#phone")).to_have_text("гарнитура на связи", timeout=SOON)
        yield page
        if not page.is_closed():
            await page.click("#gone")
            await expect(page.locator("#state-name")).to_have_text("не на смене")
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
    """The operator is ready, and answers the call that comes."""
    await page.keyboard.press("Alt+KeyR")
    await expect(page.locator("#answer:visible")).to_be_enabled(timeout=2 * SOON)
    await page.keyboard.press("Enter")
    await expect(page.locator("#call-phase:visible")).to_have_text("Разговор", timeout=SOON)


async def asks(page: Page, key: str, target: str) -> None:
    """Open the list by its key and choose; who was away a moment ago may not be there at once."""
    await page.keyboard.press(key)
    option = page.locator(f"#targets:not([hidden]) option[value='{target}']:not(:disabled)")
    async with asyncio.timeout(SOON / 1000):
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


async def codecs(hotline: RunningHotline) -> dict[str, str]:
    """What each SIP account that is in a call sends and gets, by Asterisk's own word."""
    wiring = hotline.hotline.wiring
    async with AriClient(wiring.asterisk_address, "ivr", wiring.asterisk_password, "ivr") as ari:
        found: dict[str, str] = {}
        for channel in await ari.request("GET", "channels"):
            technology, _, name = str(channel["name"]).partition("/")
            if technology == "PJSIP":
                told = await ari.request(
                    "GET", f"channels/{channel['id']}/variable", variable="CHANNEL(audionativeformat)"
                )
                found[name.rpartition("-")[0]] = str(told["value"]).strip("()")
    return found


async def consults_boris(page: Page) -> None:
    await asks(page, "Alt+KeyC", "operator:boris")
    await page.keyboard.press("Enter")
    await expect(page.locator("#call-phase")).to_contain_text("Консультация", timeout=SOON)
    await heard_in(page, "boris")


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
