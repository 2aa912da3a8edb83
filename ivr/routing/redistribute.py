"""Who is lent to which topic while its backlog threatens the target, and sent home when it no longer does. Pure.

    redistribute(view, policy, talk_seconds) -> assignments

A line is threatened when those who know its topic best can't take what waits there within the target. Operators with
the topic as a further skill are then assigned to it, as long as their own line isn't threatened too; they go home when
nothing waits there any more. Between the two lies room, so that nobody is sent back and forth. A person's word beats
the rule: the store refuses to change it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.queue.model import QueuedOperator
from ivr.routing.line import Line
from ivr.routing.policy import Policy
from ivr.routing.view import QueueView


@dataclass(frozen=True, slots=True)
class Assignment:
    """Let `operator` serve `topic` as the first skill; "" sends the operator home."""

    operator: str
    topic: str


def redistribute(view: QueueView, policy: Policy, talk_seconds: float) -> tuple[Assignment, ...]:
    """What should change now; `talk_seconds`: mean time that a call takes an operator.

    Looks at lines, and at operators only when somebody is lent or a line is threatened.
    """
    threatened = {
        line.need.skills[0]: line
        for line in view.crowded.values()
        if line.need.skills and _threatens(line, policy, talk_seconds)
    }
    homeward = [Assignment(name, "") for name in sorted(view.lent) if _calm(view, view.operators[name].assigned)]
    lending = [
        Assignment(name, topic)
        for topic, line in threatened.items()
        for level, name in line.able
        if level > 1 and name in view.working and _may_be_lent(view.operators[name])
        if not _needed_at_home(view, name, threatened)
    ]
    return (*homeward, *_first_of_each(lending))


def _threatens(line: Line, policy: Policy, talk_seconds: float) -> bool:
    """Whether the last in line would miss the target if only those served it who know the topic best."""
    return len(line) * talk_seconds > policy.target_seconds * line.experts * policy.threat_factor


def _calm(view: QueueView, topic: str) -> bool:
    return not any(topic in need.skills for need in view.crowded)


def _may_be_lent(operator: QueuedOperator) -> bool:
    return not operator.assigned and not operator.assigned_by


def _needed_at_home(view: QueueView, name: str, threatened: dict[str, Line]) -> bool:
    own = view.profiles[name].skills
    return any(own.get(topic) == 1 for topic in threatened)


def _first_of_each(assignments: list[Assignment]) -> list[Assignment]:
    """One assignment an operator."""
    first: dict[str, Assignment] = {}
    for assignment in assignments:
        first.setdefault(assignment.operator, assignment)
    return list(first.values())
