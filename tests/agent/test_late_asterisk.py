"""Asterisk does as it is told and does not say so: who waits for its events gets a sentence, no traceback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ivr.agent.leg import Leg, Recording
from ivr.agent.switch import Switch
from ivr.errors import AsteriskUnavailable
from ivr.line.fake import FakeAsterisk
from ivr.virtual_time import run_virtually


async def hang_up(asterisk: FakeAsterisk, switch: Switch) -> None:
    await Leg(asterisk, switch, "leg-1").hang_up()


async def answer_one_that_is_gone(asterisk: FakeAsterisk, switch: Switch) -> None:
    await Leg(asterisk, switch, "leg-2").answer()


async def record(asterisk: FakeAsterisk, switch: Switch) -> None:
    await Leg(asterisk, switch, "leg-1").record("in")


async def wait_for_the_recording(_: FakeAsterisk, switch: Switch) -> None:
    await Recording(switch, "leg-1-in").finished()


@pytest.mark.parametrize("wait", [hang_up, answer_one_that_is_gone, record, wait_for_the_recording])
def test_one_sentence_says_who_is_late(wait: Callable[[FakeAsterisk, Switch], Awaitable[None]]) -> None:
    asterisk, switch = FakeAsterisk(), Switch(lambda _: None)

    async def late() -> None:
        asterisk.call_in("leg-1", "700")
        with pytest.raises(AsteriskUnavailable, match=r"did not say within [35] s what became of a call → .* busy"):
            await wait(asterisk, switch)

    run_virtually(late())
