"""Whose result is due, who is told, and that a lost page is reported to the talk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Any

from ivr.operator.desks import RESULT_SECONDS, Desks
from ivr.queue.model import QueuedOperator
from ivr.virtual_time import LoopClock, run_virtually


class Floor:
    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.hands = {"anna": "c1"}
        self.lost = 0

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Any] = MappingProxyType({}),
        personal: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.told.append((kind, dict(data)))

    def talk(self, call: str) -> Floor | None:
        return self if call == "c1" else None

    def operator_lost(self) -> None:
        self.lost += 1

    def in_hand(self, operator: str) -> str:
        return self.hands.get(operator, "")


def row(state: Any) -> QueuedOperator:
    return QueuedOperator("anna", state, 0.0, 0.0)


async def _day() -> None:
    floor, clock = Floor(), LoopClock()
    desks = Desks(floor.in_hand, floor.talk, floor, clock, 5.0)
    desks.observe("c1", "talk_ended", {"operator": "anna", "ended_by": "operator"})
    assert desks.due("anna") == {"c1": clock.wall() + RESULT_SECONDS}
    assert floor.told == [("operator_wrap_up", {"operator": "anna", "seconds": 5.0})]

    desks.operators_changed([row("wrap_up")])
    desks.operators_changed([row("ready")])
    assert floor.told[-1] == ("operator_ready", {"operator": "anna"})

    desks.observe("c1", "result", {"operator": "anna"})
    assert desks.due("anna") == {}

    for to, owed in (("operator", {}), ("queue", {}), ("outside", {"c2"})):
        desks.observe("c2", "talk_ended", {"operator": "anna", "ended_by": "transferred"})
        desks.observe("c2", "transferred", {"operator": "anna", "to": to})
        assert set(desks.due("anna")) == set(owed), to

    desks.lost("anna")
    desks.lost("boris")
    assert floor.lost == 1

    async with aclosing(desks.watch("anna")) as changes:
        await anext(changes)
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        desks.observe("other", "heard", {})
        await asyncio.sleep(0.1)
        assert not waiting.done(), "a stranger's call is no news here"
        desks.observe("c1", "heard", {})
        async with asyncio.timeout(1):
            await waiting


def test_a_day_at_the_desks() -> None:
    run_virtually(_day())
