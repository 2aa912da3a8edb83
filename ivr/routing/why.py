"""A call's way through the queue in Russian, from its journal: why this operator, why this wait. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ivr.routing.reason import seconds

_Facts = Mapping[str, Any]

_ENDS = {
    "no_answer": "нет ответа",
    "declined": "звонок отклонён",
    "unreachable": "телефон недоступен",
    "withdrawn": "вызов отозван",
}
_REFUSALS = {
    "full": "она полна",
    "nobody": "нет на месте никого, кто мог бы ответить",
    "closed": "она закрыта",
}
_TARGETS = {"queue": "в очередь", "operator": "оператору", "outside": "наружу:"}
_OTHER: Mapping[str, Callable[[_Facts], str]] = {
    "announced": lambda f: f"звонящему сказано: место {f.get('position', '?')}{_expected(f)}",
    "overruled": lambda f: f"{f.get('by', '?')} {_overruled(f)}",
    "callback_accepted": lambda f: f"звонящий просит перезвонить; его место занял звонок {f.get('call_back', '?')}",
    "caller_rung": lambda f: f"{f.get('operator', '?')} на линии, набираем звонящего (попытка {f.get('try', 1)})",
    "caller_missed": lambda f: f"звонящий: {_ended(f)}; осталось попыток: {f.get('left', 0)}",
    "transferred": lambda f: (
        f"{f.get('operator', '?')} передаёт звонок {_TARGETS.get(str(f.get('to')), '')} {f.get('target', '')}"
    ),
    "unqueued": lambda f: f"звонок ушёл из очереди без оператора ({f.get('reason', 'причина не записана')})",
}
"""Kinds that need no account of what was before."""


def why(records: Iterable[tuple[float, str, _Facts]]) -> tuple[str, ...]:
    """Sentences in the order of events.

    `records`: (wall seconds, kind, data) of one call, in order; kinds that have no part in the wait are passed over.
    Times in the sentences count from the entry into the queue.
    """
    wait, sentences = _Wait(None), list[str]()
    for at, kind, facts in records:
        if kind in ("queued", "promised"):
            wait = _Wait(at)  # also when a talk ends in the queue again
        sentences.extend(wait.take(at, kind, facts))
    return tuple(sentences)


class _Wait:
    """What has happened `since` the call entered the queue; None: it has not."""

    def __init__(self, since: float | None) -> None:
        self._since = since
        self._rings: dict[str, float] = {}
        """Operator → since when the call has rung there."""
        self._ringing_since = 0.0
        self._rang_seconds = 0.0
        self._in_vain: list[str] = []
        self._offered = self._connected = False

    def take(self, at: float, kind: str, facts: _Facts) -> Iterator[str]:
        operator = str(facts.get("operator", "?"))
        match kind:
            case "queued":
                urgent = f", срочный (срочность {facts['priority']})" if facts.get("priority") else ""
                place = facts.get("position", "?")
                yield f"Очередь {facts.get('queue', '?')}: место {place}{urgent}{_expected(facts)}."
            case "promised":
                yield f"Очередь {facts.get('queue', '?')}: ждёт обратного звонка вместо звонка {facts.get('of', '?')}."
            case "queue_refused":
                reason = str(facts.get("reason", "причина не записана"))
                yield f"Очередь не приняла звонок: {_REFUSALS.get(reason, reason)}."
            case "offered":
                self._ring(at, operator)
                yield f"{self._moment(at)}: звонит у {operator}. Почему: {facts.get('reason', 'не записано')}."
            case "offer_ended":
                self._silent(at, operator)
                self._in_vain.append(operator)
                yield f"{self._moment(at)}: {operator}: {_ended(facts)}; звонок на прежнем месте."
            case "connected" if self._connected:
                yield f"{self._moment(at)}: говорит {operator}."
            case "connected":
                answered_in = at - self._rings.get(operator, at)
                self._silent(at, operator)
                self._connected = True
                yield f"{self._moment(at)}: говорит {operator}.{self._account(at, operator, answered_in)}"
            case "left" | "ended" if self._since is not None and not self._connected:
                yield f"{self._moment(at)}: звонок окончен без оператора: {self._nobody()}."
                self._since = None
            case _ if kind in _OTHER:
                yield f"{self._moment(at)}: {_OTHER[kind](facts)}."

    def _moment(self, at: float) -> str:
        return "До очереди" if self._since is None else seconds(at - self._since)

    def _ring(self, at: float, operator: str) -> None:
        self._offered = True
        if not self._rings:
            self._ringing_since = at
        self._rings[operator] = at

    def _silent(self, at: float, operator: str) -> None:
        if self._rings.pop(operator, None) is not None and not self._rings:
            self._rang_seconds += at - self._ringing_since

    def _nobody(self) -> str:
        if not self._offered:
            return "до него очередь не дошла"
        return f"никто не взял ({_each(self._in_vain)})" if self._in_vain else "телефон ещё звонил"

    def _account(self, at: float, operator: str, answered_in: float) -> str:
        """Where the wait went; it is not known when the journal does not have its beginning."""
        if self._since is None:
            return ""
        wait = at - self._since
        rang_seconds = self._rang_seconds + (at - self._ringing_since if self._rings else 0.0)
        in_vain = max(0.0, rang_seconds - answered_in)
        parts = [f"{seconds(wait - rang_seconds)} до оператора, которого можно спросить"]
        if self._in_vain:
            parts.append(f"{seconds(in_vain)} впустую у {_each(self._in_vain)}")
        parts.append(f"{seconds(answered_in)} до ответа {operator}")
        return f" Ожидание {seconds(wait)}: {', '.join(parts)}."


def _expected(facts: _Facts) -> str:
    expected = facts.get("expected_wait_seconds")
    return "" if expected is None else f", обещано около {float(expected):.0f} с"


def _overruled(facts: _Facts) -> str:
    if facts.get("act") == "prioritise":
        return f"меняет срочность: {facts.get('priority', '?')}"
    return f"перекладывает звонок: очередь {facts.get('queue', '?')}, тема {facts.get('to_topic', '?')}"


def _ended(facts: _Facts) -> str:
    end = str(facts.get("reason", "звонок не взят"))
    return _ENDS.get(end, end)


def _each(names: list[str]) -> str:
    """Each once, in their order."""
    return ", ".join(dict.fromkeys(names))
