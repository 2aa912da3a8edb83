"""A plan under examination, and what is known around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from ivr.dialplan.flow import Flow, Node, flow_of
from ivr.dialplan.model import Head
from ivr.dialplan.nodes import Document, Place
from ivr.dialplan.parse import Parsed
from ivr.dialplan.services import SERVICES, Service
from ivr.dialplan.step import Step
from ivr.routing.skills import Profile


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of the hotline has; None: not known here, so nothing is said about it."""

    prompts: Mapping[str, AbstractSet[str]] | None = None
    """Prompt ids by language."""
    topics: AbstractSet[str] | None = None
    words: Mapping[str, AbstractSet[str]] | None = None
    """The recogniser's vocabulary by language."""
    operators: Sequence[Profile] | None = None
    outside: AbstractSet[str] | None = None
    """Names of the outside telephones in config/ivr.yaml."""
    services: Mapping[str, Service] = field(default_factory=lambda: SERVICES)
    plans: Mapping[str, Head] | None = None
    """All plans by name, for those that call others."""
    returning: AbstractSet[str] = frozenset()
    """Plans that have a `return`."""


@dataclass(slots=True)
class Draft:
    """A plan under examination: its document, what could be read of it, and what else is known."""

    document: Document
    parsed: Parsed
    known: Known
    flow: Flow = field(init=False)

    def __post_init__(self) -> None:
        self.flow = flow_of({name: [step for _, step in steps] for name, steps in self.parsed.sections.items()})

    def steps(self) -> Iterator[tuple[Place, Step]]:
        for steps in self.parsed.sections.values():
            yield from steps

    def place(self, node: Node) -> Place:
        return self.parsed.sections[node[0]][node[1]][0]

    def error(self, place: Place, message: str, hint: str = "") -> None:
        self.document.add(self.document.value_mark(place), message, hint)

    def warning(self, place: Place, message: str, hint: str = "") -> None:
        self.document.add(self.document.value_mark(place), message, hint, "warning")
