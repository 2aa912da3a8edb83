"""Asterisk's events come twice, and again when they are long out of date: the call goes as it would have gone.

Keys are left out: the same key twice is what a caller may well press.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.line.fake import FakeAsterisk, Telephone
from tests.unit.call.world import CALL, World, live, nothing_left

_LATE_SECONDS = (0.0, 0.3, 4.0)


class Repeating(FakeAsterisk):
    """Says everything again, at once and later."""

    def _send(self, kind: str, **content: Any) -> None:
        super()._send(kind, **content)
        if kind == "ChannelDtmfReceived":
            return
        again = self.sent[-1]
        loop = asyncio.get_running_loop()
        for seconds in _LATE_SECONDS:
            loop.call_later(seconds, self._again, again)

    def _again(self, frame: Any) -> None:
        for socket in self._sockets:
            socket.put_nowait(frame)


def good_call(world: World) -> None:
    world.at(3.0, lambda: world.hear("не могу войти"))
    world.at(20.0, lambda: world.asterisk.hang_up_caller(f"{CALL}-leg1"))


def caller_leaves_while_it_rings(world: World) -> None:
    world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
    world.at(3.0, lambda: world.asterisk.hang_up_caller("caller-1"))


@pytest.mark.parametrize("script", [good_call, caller_leaves_while_it_rings])
def test_the_call_goes_as_without_them(script: Any) -> None:
    telephones = {"anna": Telephone(3.0)}
    plain, outcome = live(script, telephones)
    repeated, outcome_again = live(script, telephones, asterisk=Repeating(telephones))
    assert outcome_again == outcome
    assert repeated.journal.kinds == plain.journal.kinds
    assert repeated.queue.said == plain.queue.said
    assert nothing_left(repeated)
