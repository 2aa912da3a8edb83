"""A call's way through the queue in words, from its journal: why this operator, why this wait. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_Facts = Mapping[str, Any]

_ENDS = {
    "no_answer": "did not answer",
    "declined": "declined",
    "unreachable": "could not be reached",
    "withdrawn": "was released before answering",
}
_REFUSALS = {
    "full": "it is full",
    "nobody": "nobody who could take it is signed in",
    "closed": "it is closed",
}
_OTHER: Mapping[str, Callable[[_Facts], str]] = {
    "announced": lambda f: f"told the caller: place {f.get('position', '?')}{_expected(f)}",
    "callback_accepted": lambda f: f"asked to be called back; the place is kept by call {f.get('call_back', '?')}",
    "caller_rung": lambda f: f"{f.get('operator', '?')} is on the line, the caller is rung (try {f.get('try', 1)})",
    "caller_missed": lambda f: f"the caller {_ended(f)}; {f.get('left', 0)} tries remain",
    "transferred": lambda f: f"{f.get('operator', '?')} passed the call on to {f.get('to', '')} {f.get('target', '')}",
    "unqueued": lambda f: f"left the queue without an operator ({f.get('reason', 'not recorded')})",
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
                urgent = f", urgent (priority {facts['priority']})" if facts.get("priority") else ""
                place = facts.get("position", "?")
                yield f"Entered queue {facts.get('queue', '?')} at place {place}{urgent}{_expected(facts)}."
            case "promised":
                yield f"Waits in queue {facts.get('queue', '?')} to be called back, for call {facts.get('of', '?')}."
            case "queue_refused":
                reason = str(facts.get("reason", "not recorded"))
                yield f"The queue did not take the call: {_REFUSALS.get(reason, reason)}."
            case "offered":
                self._ring(at, operator)
                yield f"{self._moment(at)}: rang at {operator}. Why: {facts.get('reason', 'not recorded')}."
            case "offer_ended":
                self._silent(at, operator)
                self._in_vain.append(operator)
                yield f"{self._moment(at)}: {operator} {_ended(facts)}; the call went back to its place."
            case "connected" if self._connected:
                yield f"{self._moment(at)}: {operator} talks to the caller."
            case "connected":
                answered_in = at - self._rings.get(operator, at)
                self._silent(at, operator)
                self._connected = True
                yield f"{self._moment(at)}: {operator} talks to the caller.{self._account(at, operator, answered_in)}"
            case "left" | "ended" if self._since is not None and not self._connected:
                yield f"{self._moment(at)}: the call ended without an operator: {self._nobody()}."
                self._since = None
            case _ if kind in _OTHER:
                yield f"{self._moment(at)}: {_OTHER[kind](facts)}."

    def _moment(self, at: float) -> str:
        return "Before the queue" if self._since is None else f"{at - self._since:.1f} s"

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
            return "nobody who could take it had been free"
        return f"{_and(self._in_vain)} did not take it" if self._in_vain else "it was still ringing"

    def _account(self, at: float, operator: str, answered_in: float) -> str:
        """Where the wait went; it is not known when the journal does not have its beginning."""
        if self._since is None:
            return ""
        wait = at - self._since
        rang_seconds = self._rang_seconds + (at - self._ringing_since if self._rings else 0.0)
        in_vain = max(0.0, rang_seconds - answered_in)
        parts = [f"{wait - rang_seconds:.1f} s until somebody was to be asked"]
        if self._in_vain:
            parts.append(f"{in_vain:.1f} s of ringing in vain at {_and(self._in_vain)}")
        parts.append(f"{answered_in:.1f} s until {operator} had picked up")
        return f" Waited {wait:.1f} s: {', '.join(parts)}."


def _expected(facts: _Facts) -> str:
    seconds = facts.get("expected_wait_seconds")
    return "" if seconds is None else f", about {float(seconds):.0f} s expected"


def _ended(facts: _Facts) -> str:
    end = str(facts.get("reason", "did not take it"))
    return _ENDS.get(end, end)


def _and(names: list[str]) -> str:
    """Each once, in their order."""
    return " and ".join(dict.fromkeys(names))
