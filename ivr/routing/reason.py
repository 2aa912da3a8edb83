"""Why a call went to an operator: facts that are kept with the call, and the same in words."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Rule = Literal["starving", "urgent", "preferred", "in_time", "late", "second_ring", "pulled"]

_WORDS: dict[Rule, str] = {
    "starving": "has waited too long to be passed again",
    "urgent": "urgent",
    "preferred": "operator knows the case",
    "in_time": "next in turn, still within the target",
    "late": "next in turn, the target was missed",
    "pulled": "given to this operator by a person",
    "second_ring": "rings at a second operator, as time is short",
}


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
    the person who decided, instead of the policy.
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
    """One sentence for ops, journal and `ivr why`."""
    chosen, *others = reason.candidates
    if reason.by:
        return f"{_WORDS[reason.rule]} ({reason.by})"
    parts = [
        f"{_WORDS[reason.rule]} after {reason.waited_seconds:.1f} s",
        f"{chosen.operator}: level {chosen.level}, idle {chosen.idle_seconds:.0f} s",
        f"{reason.free} free of {reason.signed_in} signed in",
    ]
    if reason.priority:
        parts.append(f"priority {reason.priority}")
    if reason.level > 1:
        parts.append(f"search widened to level {reason.open_levels}")
    parts.extend(f"{other.operator} {_passed_over(other, chosen)}" for other in others)
    parts.extend(f"{name} did not take it before" for name in reason.not_again)
    return "; ".join(parts)


def _passed_over(other: Candidate, chosen: Candidate) -> str:
    if other.level > chosen.level:
        return f"has level {other.level}"
    if other.level < chosen.level or (other.scarcity, -other.idle_seconds) < (chosen.scarcity, -chosen.idle_seconds):
        return "was not to be asked"
    if other.scarcity > chosen.scarcity:
        return "is kept for rarer skills"
    return f"has been idle for {other.idle_seconds:.0f} s only"
