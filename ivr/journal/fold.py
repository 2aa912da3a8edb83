"""A call's state, rebuilt from its journal alone. Pure.

What `CallState` holds is what the live call knows of itself and what recovery, status and reports need. A test follows
calls of the real dialplan step by step and compares; `contradictions` is asked about every call of every test run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ivr.journal.kinds import KINDS
from ivr.journal.record import Record, undeclared, wait_began

Phase = Literal["new", "menu", "waiting", "ringing", "talking", "outside", "over"]
"""`menu`: with the dialplan, before the queue or after the talk. `outside`: with an outside number."""


_PAPERWORK = frozenset(name for name, kind in KINDS.items() if kind.subject == "request")


@dataclass(frozen=True, slots=True)
class CallState:
    """A call after its last record. Moments are the journal's wall clock in Unix seconds."""

    call: str = ""
    line: str = ""
    phase: Phase = "new"
    step: str = ""
    step_since: float = 0.0
    path: str = ""
    arrived: float = 0.0
    language: str = ""
    topic: str = "none"
    priority: int = 0
    queue: str = ""
    queued: float | None = None
    operator: str = ""
    """Who talks to the caller, or who was rung last."""
    ringing: tuple[str, ...] = ()
    """Operators who are rung now: more than one when time is short."""
    asked_in: str = ""
    """Who is rung, or talks, beside the operator; while the caller is not `held`, all three hear each other."""
    held: bool = False
    connected: float | None = None
    offers: int = 0
    talks: int = 0
    outcome: str = ""
    sequence: int = 0


def fold(records: Iterable[Record]) -> CallState:
    """The state after all of a call's records, in order."""
    state = CallState()
    for record in records:
        state = take(state, record)
    return state


def take(state: CallState, record: Record) -> CallState:
    """The state after one more record."""
    data = record.data
    common: dict[str, Any] = {
        "call": record.call,
        "step": record.kind,
        "step_since": record.wall_seconds,
        "path": record.path or state.path,
        "sequence": record.sequence,
    }
    if "language" in data:
        common["language"] = data["language"]
    if "topic" in data and record.kind not in _PAPERWORK:
        common["topic"] = data["topic"]
    if "priority" in data:
        common["priority"] = data["priority"]
    change = _CHANGES.get(record.kind)
    return replace(state, **common, **(change(state, record, data) if change else {}))


_Change = Callable[[CallState, Record, Mapping[str, Any]], dict[str, Any]]
_WAITS_NO_MORE: Mapping[str, Any] = {
    "phase": "menu",
    "queue": "",
    "queued": None,
    "operator": "",
    "ringing": (),
    "asked_in": "",
    "held": False,
}


def _offer_ended(state: CallState, _: Record, data: Mapping[str, Any]) -> dict[str, Any]:
    """One of those who were rung does not take the call; another may still ring, talk already, or the call has left."""
    still = tuple(name for name in state.ringing if name != data["operator"])
    if state.phase != "ringing":
        return {"ringing": still}
    return {"ringing": still, "phase": "ringing" if still else "waiting", "operator": still[-1] if still else ""}


def _transferred(_: CallState, __: Record, data: Mapping[str, Any]) -> dict[str, Any]:
    """The talk before has ended; who has the caller now says the next record, or the phase."""
    match data["to"]:
        case "operator":
            return {"phase": "ringing", "operator": data["target"], "ringing": (data["target"],)}
        case "outside":
            return {"phase": "outside"}
        case _:
            return {}


def _promised(_: CallState, record: Record, data: Mapping[str, Any]) -> dict[str, Any]:
    """The caller has the place, and the wait, of the call before."""
    began = wait_began(record.wall_seconds, data)
    return {"phase": "waiting", "line": data["line"], "queue": data["queue"], "arrived": began, "queued": began}


_CHANGES: Mapping[str, _Change] = {
    "arrived": lambda _, record, data: {"phase": "menu", "line": data["line"], "arrived": record.wall_seconds},
    "promised": _promised,
    # Whoever was rung by the controller that died rings no more.
    "adopted": lambda state, *_: {"ringing": (), "phase": "waiting" if state.phase == "ringing" else state.phase},
    "queued": lambda _, record, data: {
        "phase": "waiting",
        "queue": data["queue"],
        "queued": wait_began(record.wall_seconds, data),
    },
    "queue_refused": lambda *_: dict(_WAITS_NO_MORE),
    "unqueued": lambda *_: dict(_WAITS_NO_MORE),
    "offered": lambda state, _, data: {
        "phase": "ringing",
        "operator": data["operator"],
        "ringing": (*state.ringing, data["operator"]),
        "offers": state.offers + 1,
    },
    "offer_ended": _offer_ended,
    "overruled": lambda state, _, data: {"queue": data.get("queue", state.queue)},
    "connected": lambda state, record, data: {
        "phase": "talking",
        "operator": data["operator"],
        "ringing": tuple(name for name in state.ringing if name != data["operator"]),
        "connected": record.wall_seconds,
    },
    "held": lambda *_: {"held": True},
    "resumed": lambda *_: {"held": False},
    "asked_in": lambda _, __, data: {"held": True, "asked_in": data["target"]},
    "asked_in_ended": lambda *_: {"held": False, "asked_in": ""},
    "conferenced": lambda *_: {"held": False},
    "transferred": _transferred,
    "outside_ended": lambda *_: {"phase": "menu"},
    "talk_ended": lambda state, *_: {**_WAITS_NO_MORE, "talks": state.talks + 1},
    "ended": lambda _, __, data: {**_WAITS_NO_MORE, "phase": "over", "outcome": data["outcome"]},
}

_ONLY_IN: Mapping[str, frozenset[Phase]] = {
    "arrived": frozenset({"new"}),
    "promised": frozenset({"new"}),
    "queued": frozenset({"menu"}),
    "queue_refused": frozenset({"menu", "waiting"}),
    "unqueued": frozenset({"menu", "waiting", "ringing"}),  # also before the queue has answered
    "offered": frozenset({"waiting", "ringing"}),
    "offer_ended": frozenset({"ringing", "menu", "waiting", "talking"}),  # it may have left, or talk, while it rang
    "connected": frozenset({"ringing"}),
    "talk_ended": frozenset({"talking"}),
    **dict.fromkeys(
        ("held", "resumed", "asked_in", "consulted", "conferenced", "escalated", "supervised", "identity_checked"),
        frozenset[Phase]({"talking"}),
    ),
    "asked_in_ended": frozenset({"talking"}),
    "transferred": frozenset({"menu"}),
    "outside_ended": frozenset({"outside"}),
    "ended": frozenset({"menu", "waiting", "ringing"}),
}
_BY_THE_OPERATOR = frozenset({"talk_ended", "held", "resumed", "asked_in", "consulted", "conferenced"})
_AFTERWARDS = frozenset({"ended", "rated", "recorded"}) | _PAPERWORK


def contradictions(records: Sequence[Record], *, over: bool = False) -> tuple[str, ...]:
    """Why these records cannot be the whole story so far of one call; empty when they can. `over`: it has ended."""
    found: list[str] = []
    state = CallState()
    for record in records:
        where = f"{record.call} {record.sequence} {record.kind}"
        if record.sequence != state.sequence + 1:
            found.append(f"{where}: follows record {state.sequence}")
        if state.phase == "new" and record.kind not in ("arrived", "promised"):
            found.append(f"{where}: before the call arrived")
        if state.phase == "over" and record.kind not in _AFTERWARDS - {"ended"}:
            found.append(f"{where}: after the end")
        allowed = _ONLY_IN.get(record.kind)
        cut_off = record.kind == "ended" and record.data.get("outcome") == "failed"  # our fault may come at any time
        if allowed is not None and state.phase not in allowed and not (cut_off and state.phase == "talking"):
            found.append(f"{where}: cannot happen in phase {state.phase!r}")
        operator = record.data.get("operator", state.operator)  # a talk that was taken over may not know
        if state.phase == "ringing" and record.kind in ("offer_ended", "connected") and operator not in state.ringing:
            found.append(f"{where}: not an operator who was rung ({', '.join(state.ringing)})")
        if record.kind in _BY_THE_OPERATOR and state.phase == "talking" and operator != state.operator:
            found.append(f"{where}: not the operator of before ({state.operator!r})")
        found += [f"{where}: undeclared {name}" for name in undeclared(record)]
        state = take(state, record)
    if over and state.phase != "over":
        found.append(f"{state.call}: the story breaks off in phase {state.phase!r}")
    return tuple(found)
