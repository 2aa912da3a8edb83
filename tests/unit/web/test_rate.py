"""Whoever asks too often waits, then is refused; others do not notice. On a virtual clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from starlette.types import Message

from ivr.virtual_time import run_virtually
from ivr.web.limits import RateLimit


@pytest.mark.parametrize(("kind", "refusal"), [("http", 429), ("websocket", 1013)])
def test_the_hasty_wait_and_others_do_not(kind: str, refusal: int) -> None:
    answers, waited = Counter[Any](), dict[str, float]()

    async def application(*_: object) -> None:
        answers["served"] += 1

    async def send(message: Message) -> None:
        answers[message.get("status", message.get("code"))] += 1

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    limited = RateLimit(application)

    async def ask(address: str) -> None:
        began = asyncio.get_running_loop().time()
        await limited({"type": kind, "client": (address, 1)}, nothing, send)
        waited[address] = asyncio.get_running_loop().time() - began

    async def rush() -> None:
        flood = [asyncio.create_task(ask("192.0.2.1")) for _ in range(1000)]
        await asyncio.sleep(0.1)
        assert answers["served"] in range(300, 320), "at once, in advance"
        await ask("192.0.2.2")
        await asyncio.gather(*flood)
        await asyncio.sleep(10.0)
        await ask("192.0.2.1")

    run_virtually(rush())
    assert answers[refusal] in range(495, 501), "their turn would have been far away"
    assert answers["served"] + answers[refusal] == 1002
    assert waited == {"192.0.2.1": 0.0, "192.0.2.2": 0.0}, "afterwards nobody waits"
