"""Browsers that speak and listen: the microphone plays a file, and the page tells whose tone comes out of it."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, Page, async_playwright

from ivr.agent.sounds import Voice
from tests.agent.tones import TONES
from tests.browser.chromium import FLAGS, find_chromium

_MICROPHONE = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)
_ON_SECONDS, _OFF_SECONDS = 0.5, 0.25  # a tone without end would be taken for noise, and suppressed
_HEARD_FRAMES = 10
# The loudest frequency of what the page plays, frame by frame, until the tone was that often enough.
_LISTEN = """async ([tone, frames, milliseconds]) => {
  const audio = document.getElementById("voice"), until = Date.now() + milliseconds, seen = {};
  while (!audio.srcObject && Date.now() < until) await new Promise(done => setTimeout(done, 50));
  const context = new AudioContext(), analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(audio.srcObject).connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount), bin = context.sampleRate / analyser.fftSize;
  let heard = 0;
  while (heard < frames && Date.now() < until) {
    await new Promise(done => setTimeout(done, 50));
    analyser.getFloatFrequencyData(levels);
    const peak = levels.indexOf(Math.max(...levels)), at = Math.round(peak * bin);
    if (levels[peak] < -60) continue;
    seen[at] = (seen[at] ?? 0) + 1;
    if (Math.abs(at - tone) <= 12) heard += 1;
  }
  await context.close();
  return heard >= frames ? "" : JSON.stringify(seen);
}"""


async def does_not_hear(page: Page, who: str, seconds: float = 60.0) -> str:
    """ "" as soon as the page has heard that speaker's tone for half a second; else what it heard instead, in Hz."""
    heard: str = await page.evaluate(_LISTEN, [TONES[who], _HEARD_FRAMES, round(1000 * seconds)])
    return heard


def write_microphone(
    path: Path,
    who: str,
    voice: Voice | None = None,
    sentence: str = "",
    speaks: float = 0.0,
    on_seconds: float = _ON_SECONDS,
) -> Path:
    """A WAV file for a fake microphone: says the sentence again and again for so many seconds, then is the tone."""
    rate, parts = 16_000, []
    if voice is not None:
        with wave.open(io.BytesIO(voice.speak(sentence))) as spoken:
            rate = spoken.getframerate()
            words = np.frombuffer(spoken.readframes(spoken.getnframes()), "<i2")
        pause = np.zeros(4 * rate, dtype="<i2")
        parts += [pause, words] * (1 + round(speaks * rate / (len(words) + len(pause)))) + [pause]
    times = np.arange(round(on_seconds * rate)) / rate
    beep = np.round(6000 * np.sin(2 * np.pi * TONES[who] * times)).astype("<i2")
    parts += [beep, np.zeros(round(_OFF_SECONDS * rate), dtype="<i2")] * 240
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(np.concatenate(parts).tobytes())
    return path


@asynccontextmanager
async def speaking_browser(microphone: Path) -> AsyncIterator[Browser]:
    """A Chromium of its own whose microphone is that file; it begins as a page first listens."""
    path = await asyncio.to_thread(find_chromium)
    flags = [*FLAGS, *_MICROPHONE, f"--use-file-for-fake-audio-capture={microphone}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        await browser.close()
