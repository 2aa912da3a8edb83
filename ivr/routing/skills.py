"""Who can do what how well, and who is kept for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ivr.hours import ALWAYS, Hours
from ivr.queue.reason import OTHER_QUEUE_LEVEL

GENERAL_TOPICS = frozenset({"operator", "none", "out_of_scope", ""})
"""Topics that any operator can take."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An operator's abilities: skill → level (1 best, 3 weakest), languages, queues served (empty: all), hours."""

    name: str
    skills: Mapping[str, int]
    languages: frozenset[str] = frozenset({"ru"})
    queues: frozenset[str] = field(default_factory=frozenset)
    hours: Hours = ALWAYS


class Need(NamedTuple):
    """What a call asks of an operator; calls with equal needs stand in one line."""

    queue: str
    language: str
    skills: tuple[str, ...]


def need(queue: str, topic: str, language: str, skills: tuple[str, ...]) -> Need:
    """The skills named by the plan, or else the one of the topic."""
    return Need(queue, language, tuple(sorted(skills)) if skills else () if topic in GENERAL_TOPICS else (topic,))


def level(profile: Profile, wanted: Need) -> int | None:
    """How well the operator meets the need: 1 best … 4 last resort, None not at all."""
    if wanted.language not in profile.languages:
        return None
    worst = 1
    for skill in wanted.skills:
        own = profile.skills.get(skill)
        if own is None:
            return None
        worst = max(worst, own)
    if profile.queues and wanted.queue not in profile.queues:
        return OTHER_QUEUE_LEVEL
    return worst


def scarcity(profiles: Iterable[Profile]) -> dict[str, float]:
    """How much each operator should be kept free: the sum of how rare the operator's skills and languages are.

    Of two who can take a call equally well, the one with the smaller figure takes it.
    """
    floor = tuple(profiles)
    holders: dict[str, int] = {}
    for profile in floor:
        for ability in (*profile.skills, *profile.languages):
            holders[ability] = holders.get(ability, 0) + 1
    return {
        profile.name: round(sum(1 / holders[ability] for ability in (*profile.skills, *profile.languages)), 3)
        for profile in floor
    }
