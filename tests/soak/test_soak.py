"""An hour of ordinary business (`make soak`), and a minute and a half of the same for every change.

Operators are kept busy for 70 % of their time by callers of all kinds: who presses, who speaks, who hangs up in the
menu, in the queue and while it rings. After each round everybody has left, and what is still there is counted:
channels, bridges, keys of the store, tasks, open files, threads, memory. A round must leave nothing behind.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, Say, keys
from tests.failures.conftest import TEAM, enlist
from tests.soak.verdict import WARM_UP, Reading, leaks, megabytes_a_call
from tests.telephone.conftest import CHECKOUT, RunningHotline, agent, provisions, running_hotline, voice

__all__ = ["agent", "provisions", "voice"]

MINUTES = float(os.environ.get("IVR_SOAK_MINUTES", "0"))
ROUNDS, ROUND_SECONDS = 5, 8.0 if not MINUTES else 30.0
LINE = "88005553535"
OPERATORS, TALK_SECONDS, WRAP_UP_SECONDS = 6, 2.0, 1.0
OCCUPANCY = 0.7
_SOME = re.compile(r"[0-9a-zA-Z_+-]*[0-9][0-9a-zA-Z_+-]*")
_KEPT = re.compile(r"\{ivr\}:(journal:(call|person|writer)|request|account|audit)")

pytestmark = [
    pytest.mark.telephone,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300 if not MINUTES else 120 * MINUTES + 300),
]


def quick_rest(root: Path) -> None:
    enlist(root)
    path = root / "config" / "ivr.yaml"
    settings = path.read_text(encoding="utf-8")
    path.unlink()
    path.write_text(settings.replace("wrap_up_seconds: 5", f"wrap_up_seconds: {WRAP_UP_SECONDS}"), encoding="utf-8")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hotline(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHotline]:
    async with running_hotline(tmp_path_factory.mktemp("hotline"), change=quick_rest) as running:
        yield running


def callers(chance: random.Random) -> CallScript:
    """Whoever calls next."""
    kind = chance.random()
    if kind < 0.55:
        return CallScript((keys("1"),))
    if kind < 0.7:
        return CallScript(((Say("не могу войти в личный кабинет"),), keys("1")), rephrase=True)
    if kind < 0.8:
        return CallScript((), hang_up_after_seconds=chance.uniform(0.2, 3.0))
    return CallScript((keys("1"),), hang_up_after_seconds=chance.uniform(2.0, 9.0))


async def business(agent: Agent, hotline: RunningHotline, chance: random.Random) -> int:
    """One round; answers how many called. Everybody has left when it is over."""
    calls: list[asyncio.Task[object]] = []
    a_second = OCCUPANCY * OPERATORS / (TALK_SECONDS + WRAP_UP_SECONDS)
    until = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < until:
        number = f"+7999{chance.randrange(10_000_000):07}"
        calls.append(asyncio.create_task(agent.call(LINE, callers(chance), caller=number)))
        await asyncio.sleep(chance.expovariate(a_second))
    async with asyncio.timeout(120):
        await asyncio.gather(*calls)
    assert await hotline.quiet() == []
    return len(calls)


async def read(hotline: RunningHotline, began: float, calls: int) -> Reading:
    counts = Counter[str]()
    megabytes: dict[str, float] = {}
    for path in hotline.hotline.home.processes.glob("*.pid"):
        process = Path("/proc") / path.read_text().split()[0]
        counts[f"files of {path.stem}"] = len(list((process / "fd").iterdir()))
        counts[f"threads of {path.stem}"] = len(list((process / "task").iterdir()))
        megabytes[path.stem] = int(re.search(r"RssAnon:\s+(\d+)", (process / "status").read_text())[1]) / 1000  # type: ignore[index]
    async with hotline.hotline.store() as store:
        async for key in store.scan_iter():
            name = key.decode()
            if not _KEPT.match(name) and await store.ttl(key) < 0:
                counts[f"key {_SOME.sub('…', name)}"] += 1
    headers = {"authorization": f"Bearer {hotline.hotline.metrics_token}"}
    address = f"{hotline.hotline.web_address}/metrics"
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(address, ssl=hotline.hotline.web_trust) as answer,
    ):
        text = await answer.text()
    counts["tasks"] = int(float(re.search(r"^ivr_tasks (\S+)", text, re.MULTILINE)[1]))  # type: ignore[index]
    return Reading(time.monotonic() - began, calls, counts, megabytes)


def row(reading: Reading) -> str:
    counts, files = reading.counts, sum(n for name, n in reading.counts.items() if name.startswith("files"))
    megabytes = " ".join(f"{name} {value:.0f}" for name, value in sorted(reading.megabytes.items()))
    kept = sum(n for name, n in counts.items() if name.startswith("key"))
    return (
        f"{reading.seconds:6.0f} s {reading.calls:6} calls  tasks {counts['tasks']:4}  files {files:5}  "
        f"keys {kept:4}  MB: {megabytes}"
    )


def report(readings: list[Reading], found: list[str]) -> None:
    judged = readings[WARM_UP:]
    grown = {name: round(1000 * megabytes_a_call(judged, name), 2) for name in judged[-1].megabytes}
    (CHECKOUT / "var" / "soak.json").write_text(
        json.dumps(
            {"calls": judged[-1].calls, "seconds": judged[-1].seconds, "kB_a_call": grown, "leaks": found}, indent=1
        )
    )
    sys.stdout.write(f"kB a call: {grown}\nleaks: {'; '.join(found) or 'none'}\n")


async def test_nothing_piles_up(agent: Agent, shared_hotline: RunningHotline) -> None:
    hotline, chance = shared_hotline, random.Random(8)
    began, calls, readings = time.monotonic(), 0, list[Reading]()
    async with AsyncExitStack() as stack:
        for name in TEAM[:OPERATORS]:
            password = hotline.hotline.secrets.password(f"operator/{name}")
            script = OperatorScript(answer_after_seconds=0.2, talk_seconds=TALK_SECONDS)
            await stack.enter_async_context(agent.operator(name, password, script))
        while len(readings) < ROUNDS or time.monotonic() - began < 60 * MINUTES:
            calls += await business(agent, hotline, chance)
            readings.append(await read(hotline, began, calls))
            sys.stdout.write(f"{row(readings[-1])}\n")
            sys.stdout.flush()
    found = leaks(readings)
    report(readings, found)
    assert found == []
