"""A number that is none of ours still ends at a person, and in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ivr.call.parts import Around, Parts
from ivr.call.switchboard import Switchboard
from ivr.line.asterisk import Line
from ivr.line.channels import IncomingCall
from ivr.line.fake import FakeAsterisk
from ivr.virtual_time import LoopClock, run_virtually


class Journal:
    def __init__(self) -> None:
        self.records: list[tuple[str, Mapping[str, Any]]] = []

    def record(
        self,
        call: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Any] | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        self.records.append((kind, data or {}))


def test_a_number_without_a_plan_is_rung_through_to_a_person() -> None:
    asterisk, journal = FakeAsterisk(), Journal()

    async def call_through() -> None:
        def arrive(incoming: IncomingCall) -> None:
            switchboard.arrive(incoming)

        line = Line(asterisk, "ivr", arrive, lambda _: None, lambda _: None)
        unused: Any = None
        parts = Parts(line, unused, unused, journal, LoopClock(), lambda _, prompt: prompt, str, unused, Around, unused)
        switchboard = Switchboard(lambda _: None, lambda _: None, parts)
        reading = asyncio.create_task(line.run())
        await asyncio.sleep(0.1)
        asterisk.call_in("c1", "12345", "+79990000000")
        await asyncio.sleep(1.0)
        await switchboard.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    run_virtually(call_through())
    assert ("POST", "channels/c1/continue?context=fallback&extension=s&priority=1") in asterisk.requests
    assert [kind for kind, _ in journal.records] == ["arrived", "ended"]
    assert journal.records[1][1] == {"outcome": "failed", "reason": "no_plan", "handed_over": True}
