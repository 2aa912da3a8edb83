"""Who of the operators takes calls: whatever says so (page, service code, a telephone that is gone) comes here."""

from __future__ import annotations

from ivr.journal.record import Recorder
from ivr.routing.router import Router


class Floor:
    """The operators as the router knows them; each change is written down (missed rings: `call.operator_side`)."""

    def __init__(self, router: Router, journal: Recorder) -> None:
        self._router = router
        self._journal = journal

    def in_hand(self, operator: str) -> str:
        """The operator's call, or ""."""
        row = self._router.view.operators.get(operator)
        return row.call if row else ""

    async def ready(self, operator: str) -> None:
        """The operator takes calls from now on."""
        await self._router.operator_ready(operator)
        self._journal.record("", "operator_ready", data={"operator": operator})

    async def paused(self, operator: str, reason: str) -> None:
        """The operator takes none for a while."""
        await self._router.operator_paused(operator, reason)
        self._journal.record("", "operator_paused", data={"operator": operator, "reason": reason})

    async def gone(self, operator: str, reason: str) -> None:
        """The operator has signed out, or can't be reached."""
        await self._router.operator_gone(operator)
        self._journal.record("", "operator_gone", data={"operator": operator, "reason": reason})
