"""The operator's card shows the step that it was woken by, not the one before: steps are written a moment later."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette

from ivr.app import Controller
from ivr.config import Home
from ivr.dialplan.live import LivePlans
from ivr.hotline import Hotline
from ivr.web.console.state import Console

CALL = "20260101-120000-abcde"


async def test_the_card_is_never_a_step_behind(
    whole: tuple[Starlette, Controller], home: tuple[Path, LivePlans]
) -> None:
    controller = whole[1]
    console = Console(controller, Hotline(Home(home[0])).accounts, {}, (), {})
    ledger = controller.ledger
    await ledger.start()
    try:
        ledger.record(CALL, "arrived", data={"line": "1", "sip_call_id": ""}, personal={"caller": "+79990000000"})
        ledger.record(CALL, "connected", data={"operator": "anna", "waited_seconds": 1.0})
        for ended in range(20):
            ledger.record(CALL, "talk_ended", data={"operator": "anna", "ended_by": "caller", "talk_seconds": ended})
            state = await console.now("anna", "ru")
            assert state["call"]["talked"] == ended
    finally:
        await ledger.close()
