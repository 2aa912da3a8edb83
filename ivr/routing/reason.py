"""Why a call went to an operator: facts that are kept with the call, and the same in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from ivr.routing.skills import OTHER_QUEUE_LEVEL

_AT_ONCE_SECONDS = 0.5  # who was free so soon before the call did not keep it waiting

Rule = Literal["starving", "urgent", "preferred", "in_time", "late", "second_ring", "pulled"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A free operator who could have taken the call; the first is the one who was chosen."""

    operator: str
    level: int
    scarcity: float
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class Reason:
    """The facts of one decision.

    `open_levels`: operators up to this level could be asked after `waited_seconds`. `free` of `signed_in` operators who
    can serve the call were free; `candidates` names the best. `not_again`: operators who have just not taken it. `by`:
    the person who decided, instead of the policy. Why the call waited: operators of this level are asked after
    `opens_after_seconds`, the `awaited` operator who knows the case did not become free, `passed_by` later calls went
    first because they could still be answered in time.
    """

    rule: Rule
    waited_seconds: float
    priority: int
    level: int
    open_levels: int
    candidates: tuple[Candidate, ...]
    free: int
    signed_in: int
    not_again: tuple[str, ...] = ()
    by: str = ""
    opens_after_seconds: float = 0.0
    awaited: str = ""
    passed_by: int = 0


def to_json(reason: Reason) -> str:
    """The reason as it is kept with the call."""
    return json.dumps(asdict(reason), ensure_ascii=False)


def from_json(text: str) -> Reason:
    """The reason as it was kept with the call."""
    values = json.loads(text)
    values["candidates"] = tuple(Candidate(**candidate) for candidate in values["candidates"])
    values["not_again"] = tuple(values["not_again"])
    return Reason(**values)


def in_words(reason: Reason) -> str:
    """One sentence for ops, journal and `ivr why`: why now, why not sooner, why this operator."""
    chosen, *others = reason.candidates
    if reason.by:
        return f"{reason.by} gave the call to {chosen.operator} by hand"
    parts = [_turn(reason), *_why_not_sooner(reason)]
    parts.append(
        f"{chosen.operator} has level {chosen.level}; free: {reason.free} of {reason.signed_in} who can take it"
    )
    parts.extend(f"{other.operator} {_passed_over(other, chosen)}" for other in others)
    return "; ".join(parts)


def _turn(reason: Reason) -> str:
    after = f"after {reason.waited_seconds:.1f} s"
    match reason.rule:
        case "starving":
            return f"has waited {reason.waited_seconds:.0f} s, too long to be passed by anybody"
        case "urgent":
            return f"urgent (priority {reason.priority}), so ahead of its place, {after}"
        case "preferred":
            return f"{reason.candidates[0].operator} knows the case, and is free {after}"
        case "second_ring":
            return f"rings at a second operator as well, since time is short {after}"
        case "late":
            return f"next in turn {after}: the target is missed"
        case _:
            return f"next in turn {after}, within the target"


def _why_not_sooner(reason: Reason) -> Iterator[str]:
    chosen = reason.candidates[0]
    if chosen.idle_seconds + _AT_ONCE_SECONDS < reason.waited_seconds and reason.rule != "preferred":
        yield "nobody to be asked was free before"
    elif reason.level > 1 and reason.opens_after_seconds:
        who = "operators of other queues" if reason.level >= OTHER_QUEUE_LEVEL else f"operators of level {reason.level}"
        yield f"search widened to level {reason.open_levels}: {who} are asked after {reason.opens_after_seconds:g} s"
    if reason.passed_by:
        later = "1 later call" if reason.passed_by == 1 else f"{reason.passed_by} later calls"
        yield f"{later} went first that could still be answered within the target"
    if reason.awaited:
        yield f"{reason.awaited}, who knows the case, was waited for in vain"
    if reason.not_again:
        yield f"{' and '.join(reason.not_again)} did not take it just before"


def _passed_over(other: Candidate, chosen: Candidate) -> str:
    if other.level > chosen.level:
        return f"has level {other.level}"
    if other.level < chosen.level or (other.scarcity, -other.idle_seconds) < (chosen.scarcity, -chosen.idle_seconds):
        return "is not to be asked for this call now"
    if other.scarcity > chosen.scarcity:
        return "is kept for rarer skills"
    return f"has been idle for less long ({other.idle_seconds:.0f} s)"
