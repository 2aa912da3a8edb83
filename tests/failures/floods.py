"""What the tests of floods share: calls that must go on, whatever pours in from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from tests.failures.test_controller_killed_in_a_busy_hour import in_step, talks
from tests.telephone.conftest import RunningHotline

LINE = "88005553535"
ELSEWHERE = "127.0.0.9"
"""The flood's address: neither the provider's nor an operator's."""


@asynccontextmanager
async def a_talk_under_way(agent: Agent, hotline: RunningHotline) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """What is yielded makes one more call and sees it through: menu, key, talk. The talk of before must not be cut."""

    def password(name: str) -> str:
        return hotline.hotline.secrets.password(f"operator/{name}")

    async def one_more() -> None:
        async with agent.operator("op02", password("op02"), OperatorScript(talk_seconds=1.0)):
            report = await agent.call(LINE, CallScript((keys("1"),), limit_seconds=60.0), caller="+79990000002")
        assert report.outcome == "talked"

    async with agent.operator("op01", password("op01")):
        talk = asyncio.create_task(agent.call(LINE, CallScript((keys("1"),)), caller="+79990000001"))
        try:
            await hotline.until(lambda status: bool(in_step(status, "connected")))
            before = await talks(hotline)
            yield one_more
            assert before, "somebody talked"
            assert await talks(hotline) == before, "the talk was cut"
            assert not talk.done(), "the caller was hung up on"
        finally:
            talk.cancel()
            await asyncio.gather(talk, return_exceptions=True)


@asynccontextmanager
async def pouring(*floods: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The floods go on while the block runs; one that ends by itself has failed."""
    tasks = [asyncio.create_task(flood) for flood in floods]
    try:
        yield
        for task in tasks:
            assert not task.done(), f"a flood has dried up: {task.exception()!r}"
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
