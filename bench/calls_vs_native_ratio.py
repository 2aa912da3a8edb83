"""What a call costs through the controller, compared with the same call in Asterisk's own dialplan."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.hotline import MENU_LINE, NATIVE_MENU, RunningHotline, running_hotline
from bench.telephone import Telephones, telephones

_ROUNDS = 2
_CALLS_A_ROUND = 50
_AT_ONCE = 10
_KEY_AFTER_SECONDS = 0.3
_CALL_SECONDS = 15.0


async def measure() -> dict[str, Any]:
    """Rounds take turns; each round's processor time is what all the hotline's programs used meanwhile."""
    ours: Counter[str] = Counter()
    native: Counter[str] = Counter()
    async with (
        running_hotline() as running,
        telephones(running.hotline.ports.sip, listening=False) as lines,
    ):
        for number in (NATIVE_MENU, MENU_LINE):
            await _round(lines, number, _AT_ONCE)  # sounds and code are in memory afterwards
        for _ in range(_ROUNDS):
            for number, used in ((NATIVE_MENU, native), (MENU_LINE, ours)):
                used.update(await _used(running, lines, number))
        circumstances = running.circumstances
    calls = _ROUNDS * _CALLS_A_ROUND
    our_seconds, native_seconds = sum(ours.values()) / calls, native["asterisk"] / calls
    return {
        "value": round(native_seconds / our_seconds, 3),
        "unit": "of native",
        "baseline": 1.0,
        "how": f"calls a second of processor time, {calls} each way, {_AT_ONCE} at once: menu, key, prompt, hang-up;"
        f" ours {1 / our_seconds:.0f}, extensions.conf of the same Asterisk {1 / native_seconds:.0f};"
        f" milliseconds a call: {_by_program(ours, calls)}; native: asterisk {1000 * native_seconds:.1f};"
        f" ours hears the caller by speech as well and keeps a journal; {circumstances}",
    }


async def _used(running: RunningHotline, lines: Telephones, number: str) -> Mapping[str, float]:
    before = running.cpu_seconds()
    await _round(lines, number, _CALLS_A_ROUND)
    return {program: seconds - before[program] for program, seconds in running.cpu_seconds().items()}


async def _round(lines: Telephones, number: str, calls: int) -> None:
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def one(caller: int) -> None:
        async with at_once, asyncio.timeout(_CALL_SECONDS):
            call = await lines.call(number, f"+7996{caller:07}")
            await asyncio.sleep(_KEY_AFTER_SECONDS)
            await call.press(1)
            await call.ended

    await asyncio.gather(*(one(caller) for caller in range(calls)))


def _by_program(used: Counter[str], calls: int) -> str:
    return ", ".join(f"{program} {1000 * seconds / calls:.1f}" for program, seconds in used.most_common())
