"""What the controller adds between a caller's key and the beginning of the next prompt."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from bench.hotline import KEYS_LINE, NATIVE_KEYS, running_hotline
from bench.telephone import Telephones, telephones

_WANTED_MS = 20.0
_KEYS_A_CALL = 50
_CALLS_EACH_WAY = 4
_MENU_SECONDS = 0.2  # into the menu's prompt: callers who know the menu do not wait for its end
_APART_SECONDS = 0.07  # callers are not in step with each other
_PROMPT_SECONDS = 5.0


async def measure() -> dict[str, Any]:
    """The same menu in a plan and in Asterisk's dialplan at the same time: a busy machine burdens both alike."""
    async with (
        running_hotline() as running,
        telephones(running.hotline.ports.sip, listening=True) as lines,
    ):
        numbers = [KEYS_LINE, NATIVE_KEYS] * _CALLS_EACH_WAY
        calls = await asyncio.gather(*(_keys(lines, number, caller) for caller, number in enumerate(numbers)))
        circumstances = running.circumstances
    ours, native = np.concatenate(calls[::2]), np.concatenate(calls[1::2])
    (our_median, our_p95), (median, p95) = np.percentile(ours, (50, 95)), np.percentile(native, (50, 95))
    return {
        "value": round(float(our_p95 - p95), 1),
        "unit": "ms",
        "baseline": _WANTED_MS,
        "how": f"p95 of {len(ours)} keys pressed into a menu's prompt, from the end of the key (RFC 4733) to the next"
        f" prompt's first sound at the telephone (kernel's time), less the same of {len(native)} in extensions.conf of"
        f" the same Asterisk (Background, WaitExten, Playback); {len(calls)} at once; ours median {our_median:.1f},"
        f" p95 {our_p95:.1f}, native median {median:.1f}, p95 {p95:.1f} ms; {circumstances}",
    }


async def _keys(lines: Telephones, number: str, caller: int) -> list[float]:
    """One call that presses again and again; milliseconds of each key."""
    taken = []
    await asyncio.sleep(caller * _APART_SECONDS)
    call = await lines.call(number, f"+7997{caller:07}")
    async with asyncio.timeout(_KEYS_A_CALL * _PROMPT_SECONDS):
        for _ in range(_KEYS_A_CALL):
            while not call.quiet_since:  # noqa: ASYNC110 -- the frames that bring it come fifty times a second anyway
                await asyncio.sleep(0.02)
            await asyncio.sleep(_MENU_SECONDS)
            pressed_at = await call.press(1)
            taken.append(1000 * (await call.loud.get() - pressed_at))
        call.hang_up()
    return taken
