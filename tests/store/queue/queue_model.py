"""The queue's promises about calls and operators, written down once more without Redis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ivr.queue.model import QueuedCall, QueuedOperator


@dataclass
class CallModel:
    place: float
    rank: float
    queue: str = "q"
    state: str = "waiting"
    offers: dict[str, str] = field(default_factory=dict)
    operator: str = ""
    callback: str = ""
    tries: int = 0
    asked_in: str = ""


@dataclass
class OperatorModel:
    state: str = "gone"
    intent: str = "ready"
    reason: str = ""
    call: str = ""
    offer: str = ""
    misses: int = 0
    assigned: str = ""
    assigned_by: str = ""


class QueueModel:
    """What calls and operators do by themselves when a command says so."""

    def __init__(self) -> None:
        self.calls: dict[str, CallModel] = {}
        self.operators: dict[str, OperatorModel] = {}

    def free(self, name: str) -> None:
        operator = self.operators[name]
        operator.call = operator.offer = ""
        operator.state = operator.intent

    def part(self, name: str) -> None:
        self.free(name)
        if self.operators[name].intent == "ready":
            self.operators[name].state = "wrap_up"

    def dismiss(self, call: str) -> None:
        row = self.calls[call]
        if row.asked_in and self.operators[row.asked_in].call == call:
            self.free(row.asked_in)
        row.asked_in = ""

    def end_offer(self, call: str, operator: str) -> None:
        row = self.calls[call]
        del row.offers[operator]
        row.state = "offered" if row.offers else "waiting"
        self.free(operator)

    def withdraw(self, call: str, but: str = "") -> None:
        for name in list(self.calls[call].offers):
            if name != but:
                self.free(name)
        self.calls[call].offers.clear()

    def stand_down(self, name: str, intent: str, reason: str) -> None:
        operator = self.operators[name]
        operator.intent, operator.reason = intent, reason
        if operator.offer:
            self.end_offer(operator.call, name)
        elif operator.state not in ("talking", "offered"):
            self.free(name)

    def standing(self, queue: str) -> list[str]:
        """Calls of a queue in the order of the rank."""
        line = [
            (call.rank, name) for name, call in self.calls.items() if call.queue == queue and call.state != "talking"
        ]
        return [name for _, name in sorted(line)]

    def calls_that(self, state: str) -> list[str]:
        return sorted(name for name, call in self.calls.items() if call.state == state)

    def operators_that(self, state: str) -> list[str]:
        return sorted(name for name, operator in self.operators.items() if operator.state == state)


def of_call(row: QueuedCall) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CallModel.__dataclass_fields__}


def of_operator(row: QueuedOperator) -> dict[str, Any]:
    return {name: getattr(row, name) for name in OperatorModel.__dataclass_fields__}
