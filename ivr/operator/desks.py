"""All operators' desks: who must be told that something has changed, and which talks still lack their result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from ivr.clock import Clock
from ivr.journal.record import Recorder
from ivr.queue.model import OperatorState, QueuedOperator
from ivr.request.model import Request

RESULT_SECONDS = 15 * 60.0
_MOST_DUE = 20  # an operator with more has long been told by the supervisor


class Talk(Protocol):
    """A talk as `call.talk` has it."""

    def operator_lost(self) -> None: ...


class Desks:
    """`in_hand` gives an operator's call, or "", `talk` the talk under way in a call.

    `wrap_up_seconds`: how long an operator has for the paperwork before the next call may come.
    """

    def __init__(
        self,
        in_hand: Callable[[str], str],
        talk: Callable[[str], Talk | None],
        journal: Recorder,
        clock: Clock,
        wrap_up_seconds: float,
    ) -> None:
        self._in_hand = in_hand
        self._talk = talk
        self._journal = journal
        self._clock = clock
        self._wrap_up_seconds = wrap_up_seconds
        self._states: dict[str, OperatorState] = {}
        self._due: dict[str, dict[str, float]] = {}
        self._watchers: dict[str, set[asyncio.Event]] = {}

    def due(self, operator: str) -> Mapping[str, float]:
        """The operator's calls that lack their result, oldest first, with the moment (Unix seconds) it is due."""
        return self._due.get(operator, {})

    def restore(self, requests: Iterable[Request]) -> None:
        """After a restart: results that requests still wait for."""
        for request in sorted((each for each in requests if each.result_due), key=lambda each: each.result_due or 0.0):
            if request.operator and request.result_due:
                self._owe(request.operator, request.call, request.result_due)

    def operators_changed(self, operators: Sequence[QueuedOperator]) -> None:
        """Operators do something else now."""
        for row in operators:
            before, self._states[row.name] = self._states.get(row.name), row.state
            if before == "wrap_up" and row.state == "ready":
                self._journal.record("", "operator_ready", data={"operator": row.name})
            self._wake(row.name)

    def observe(self, call: str, kind: str, data: Mapping[str, Any]) -> None:
        """A call has made a step. Never blocks."""
        if not call:
            return
        operator = str(data.get("operator") or "")
        if kind == "talk_ended" and operator:
            self._owe(operator, call, self._clock.wall() + RESULT_SECONDS)
            self._journal.record("", "operator_wrap_up", data={"operator": operator, "seconds": self._wrap_up_seconds})
        elif (
            kind == "transferred" and data.get("to") != "outside"
        ) or kind == "result":  # whoever talks last writes the result
            self._settle(call)
        for name in [name for name in self._watchers if name == operator or self._in_hand(name) == call]:
            self._wake(name)

    def lost(self, operator: str) -> None:
        """The operator's page was closed, or has lost its network: no caller may pay for it."""
        talk = self._talk(self._in_hand(operator))
        if talk is not None:
            talk.operator_lost()
        self._wake(operator)

    async def watch(self, operator: str) -> AsyncGenerator[None]:
        """Yields at once, and then whenever something at the operator's desk has changed, until closed."""
        changed = asyncio.Event()
        self._watchers.setdefault(operator, set()).add(changed)
        try:
            while True:
                yield
                await changed.wait()
                changed.clear()
        finally:
            self._watchers[operator].discard(changed)
            if not self._watchers[operator]:
                del self._watchers[operator]

    def _wake(self, operator: str) -> None:
        for changed in self._watchers.get(operator, ()):
            changed.set()

    def _owe(self, operator: str, call: str, due: float) -> None:
        owed = self._due.setdefault(operator, {})
        owed[call] = due
        while len(owed) > _MOST_DUE:
            del owed[next(iter(owed))]

    def _settle(self, call: str) -> None:
        for operator, owed in self._due.items():
            if owed.pop(call, None) is not None:
                self._wake(operator)
