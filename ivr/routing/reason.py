"""Why a call went to an operator: facts that are kept with the call, and the same in Russian words."""

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


def in_words(reason: Reason) -> str:
    """One sentence for ops, journal and `ivr why`: why now, why not sooner, why this operator."""
    chosen, *others = reason.candidates
    if reason.by:
        return f"{reason.by} отдаёт звонок вручную: {chosen.operator}"
    parts = [_turn(reason), *_why_not_sooner(reason)]
    parts.append(
        f"{chosen.operator}: уровень {chosen.level}{_lent(reason)};"
        f" свободны {reason.free} из {reason.signed_in}, кто может взять"
    )
    parts.extend(f"{other.operator}: {_passed_over(other, chosen)}" for other in others)
    return "; ".join(parts)


def seconds(value: float) -> str:
    """A time as it is written in Russian: `2,5 с`."""
    return f"{value:.1f}".removesuffix(".0").replace(".", ",") + " с"


def _turn(reason: Reason) -> str:
    after = f"через {seconds(reason.waited_seconds)} ожидания"
    match reason.rule:
        case "starving":
            return f"ждёт уже {seconds(reason.waited_seconds)}: больше никого нельзя пропускать вперёд"
        case "urgent":
            return f"срочный звонок (срочность {reason.priority}), поэтому раньше своего места, {after}"
        case "preferred":
            return f"прошлый разговор вёл оператор {reason.candidates[0].operator}, поэтому ему, {after}"
        case "second_ring":
            return f"времени мало, поэтому звонит и у второго оператора, {after}"
        case "late":
            return f"подошла очередь {after}, к сроку уже не успеть"
        case _:
            return f"подошла очередь {after}, к сроку можно успеть"


def _why_not_sooner(reason: Reason) -> Iterator[str]:
    chosen = reason.candidates[0]
    if reason.kept_seconds:
        yield f"место сохранено с прерванного звонка, {seconds(reason.kept_seconds)} из них прошли до этого"
    if reason.held_back_seconds:
        yield f"до того {seconds(reason.held_back_seconds)} перезванивать было рано"
    could_be_asked = reason.waited_seconds - max(reason.kept_seconds, reason.held_back_seconds)
    if chosen.idle_seconds + _AT_ONCE_SECONDS < could_be_asked and reason.rule != "preferred":
        yield "раньше никого, кого можно спросить, свободного не было"
    elif reason.level > 1 and reason.opens_after_seconds:
        who = "операторов других очередей" if reason.level >= OTHER_QUEUE_LEVEL else f"операторов уровня {reason.level}"
        after = seconds(reason.opens_after_seconds)
        yield f"поиск расширен до уровня {reason.open_levels}: {who} спрашивают через {after} ожидания"
    if reason.passed_by:
        yield f"вперёд пропущены звонки, которые ещё можно было принять в срок: {reason.passed_by}"
    if reason.awaited:
        yield f"напрасно ждали, что освободится {reason.awaited}: прошлый разговор был там"
    if reason.not_again:
        yield f"пока не предлагается тем, кто только что не взял звонок или передал его: {', '.join(reason.not_again)}"


def _lent(reason: Reason) -> str:
    if not reason.lent_by:
        return ""
    return ", временно на этой теме " + (
        "из-за её очереди" if reason.lent_by == "rule" else f"по слову {reason.lent_by}"
    )


def _passed_over(other: Candidate, chosen: Candidate) -> str:
    if other.level > chosen.level:
        return f"уровень {other.level}"
    if other.level < chosen.level or (other.scarcity, -other.idle_seconds) < (chosen.scarcity, -chosen.idle_seconds):
        return "сейчас не для этого звонка"
    if other.scarcity > chosen.scarcity:
        return "нужнее для более редких навыков"
    return f"свободное время короче ({seconds(other.idle_seconds)})"
