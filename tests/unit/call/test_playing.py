from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ivr.call.events import Event, PromptFinished
from ivr.call.playing import Playing
from ivr.errors import AsteriskRefused


class Refusing:
    def __init__(self, status: int) -> None:
        self._status = status

    async def play(self, channel: str, playback: str, media: Sequence[str]) -> None:
        raise AsteriskRefused("play", self._status, "")


@pytest.mark.parametrize("status", [404, 409])
async def test_a_prompt_that_is_not_taken_is_over_so_that_the_plan_goes_on(status: int) -> None:
    told: list[Event] = []
    line: Any = Refusing(status)
    await Playing(line, "c1", told.append).play("p1", ["sound:hello"])
    assert told == [PromptFinished("p1")]


async def test_what_asterisk_could_never_play_is_a_fault() -> None:
    line: Any = Refusing(400)
    with pytest.raises(AsteriskRefused):
        await Playing(line, "c1", lambda event: None).play("p1", ["sound:hello"])
