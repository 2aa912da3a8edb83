"""The ways between the steps of a plan, and what follows from them for every caller. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from ivr.dialplan.step import Step, Way

Node = tuple[str, int]
"""A step: its section and its index there."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps and the ways that lead from each to existing steps."""

    steps: Mapping[Node, Step]
    ways: Mapping[Node, Sequence[tuple[Way, Node]]]

    def reached_from(
        self, starts: Iterable[Node], follows: Callable[[Step, Way], bool] = lambda _step, _way: True
    ) -> set[Node]:
        """All steps that a call which is at one of `starts` may come to by ways that it `follows`, those included."""
        seen: set[Node] = set()
        ahead = [start for start in starts if start in self.steps]
        while ahead:
            node = ahead.pop()
            if node not in seen:
                seen.add(node)
                ahead += [target for way, target in self.ways[node] if follows(self.steps[node], way)]
        return seen

    def without_end(self) -> list[Node]:
        """Steps from which no call ever comes to an end."""
        before: dict[Node, list[Node]] = {}
        for node, ways in self.ways.items():
            for _, target in ways:
                before.setdefault(target, []).append(node)
        ended: set[Node] = set()
        ahead = [node for node, step in self.steps.items() if step.can_end]
        while ahead:
            node = ahead.pop()
            if node not in ended:
                ended.add(node)
                ahead += before.get(node, ())
        return [node for node in self.steps if node not in ended]

    def circle(self, follows: Callable[[Step, Way], bool], ends: Callable[[Sequence[Step]], bool]) -> list[Node] | None:
        """A circle of ways that `follows` lets a call take, in the order of the way; None when there is none.

        Circles that `ends` knows to end by themselves are passed over.
        """
        onward = {
            node: [target for way, target in ways if follows(self.steps[node], way)] for node, ways in self.ways.items()
        }
        while True:
            try:
                TopologicalSorter(onward).prepare()
            except CycleError as error:
                found: list[Node] = list(reversed(error.args[1]))
                if not ends([self.steps[node] for node in found]):
                    return found
                _cut(onward, found)
            else:
                return None


def _cut(onward: dict[Node, list[Node]], circle: list[Node]) -> None:
    # The sorter reads the mapping as "node: predecessors", so its circle runs against our ways.
    for first, second in pairwise(circle):
        for one, other in ((first, second), (second, first)):
            if other in onward.get(one, ()):
                onward[one] = [target for target in onward[one] if target != other]
                return


def flow_of(sections: Mapping[str, Sequence[Step]]) -> Flow:
    """The flow of a plan; ways to sections that do not exist are left out."""
    steps = {(name, index): step for name, steps in sections.items() for index, step in enumerate(steps)}
    return Flow(steps, {node: tuple(_targets(node, step, steps)) for node, step in steps.items()})


def _targets(node: Node, step: Step, steps: Mapping[Node, Step]) -> Iterator[tuple[Way, Node]]:
    for way in step.ways():
        target = (node[0], node[1] + 1) if way.section is None else (way.section, 0)
        if target in steps:
            yield way, target
