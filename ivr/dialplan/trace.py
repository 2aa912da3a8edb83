"""The way that a call took through its plan, and what no test has walked yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.dialplan.model import Plan


@dataclass(frozen=True, slots=True)
class Visit:
    """A step was left: `path` is plan/section/number, `why` the way that was taken, or the reason of the call's end."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Steps and ways of one plan; `missed` lists what was never walked, `path: way`, in the plan's order."""

    plan: str
    ways: int
    walked: int
    missed: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.walked / self.ways if self.ways else 1.0


def coverage(plan: Plan, visits: Iterable[Visit]) -> Coverage:
    """How much of the plan these visits cover."""
    seen = {(visit.path, visit.why) for visit in visits}
    seen_paths = {path for path, _ in seen}
    ways = walked = 0
    missed: list[str] = []
    for name, steps in plan.sections.items():
        for number, step in enumerate(steps, 1):
            path = f"{plan.name}/{name}/{number}"
            all_ways = [way.when for way in step.ways()] or ["end"]
            for when in all_ways:
                ways += 1
                if (path, when) in seen or (when == "end" and path in seen_paths):
                    walked += 1
                else:
                    missed.append(f"{path}: {step.verb}, {when}" if len(all_ways) > 1 else f"{path}: {step.verb}")
    return Coverage(plan.name, ways, walked, tuple(missed))
