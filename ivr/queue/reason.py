"""Why a call went to an operator: the facts of the decision, as the call and the journal keep them. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

OTHER_QUEUE_LEVEL = 4
"""Level of an operator who has the skill but serves other queues: asked last."""

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

    `waited_seconds` count from the call's place, of which `kept_seconds` were before it came: the caller had been cut
    off and has the place back. `open_levels`: operators up to this level could be asked after so long. `free` of
    `signed_in` operators who can serve the call were free; `candidates` names the best. `not_again`: operators who have
    just not taken it, or passed it on. `by`: the person who decided, instead of the policy. `lent_by`: who lets the
    operator serve this topic first, a person or the "rule". Why the call waited: operators of this level are asked
    after `opens_after_seconds`, the `awaited` operator who knows the case did not become free, `passed_by` later calls
    went first because they could still be answered in time, a caller was not to be rung back for `held_back_seconds`.
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
    kept_seconds: float = 0.0
    held_back_seconds: float = 0.0
    lent_by: str = ""


def to_json(reason: Reason) -> str:
    """The reason as it is kept with the call."""
    return json.dumps(asdict(reason), ensure_ascii=False)


def from_json(text: str) -> Reason:
    """The reason as it was kept with the call."""
    values = json.loads(text)
    values["candidates"] = tuple(Candidate(**candidate) for candidate in values["candidates"])
    values["not_again"] = tuple(values["not_again"])
    return Reason(**values)
