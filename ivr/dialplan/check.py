"""What can be proved of a plan before a caller meets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from ivr.dialplan.nodes import Document, Place
from ivr.dialplan.parse import Parsed
from ivr.dialplan.step import Step
from ivr.dialplan.wording import close_match


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of the hotline has; None: not known here, so nothing is said about it."""

    prompts: Mapping[str, AbstractSet[str]] | None = None
    """Prompt ids by language."""
    topics: AbstractSet[str] | None = None


@dataclass(slots=True)
class _Checker:
    document: Document
    parsed: Parsed
    known: Known
    ways: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        self.sections()
        self.prompts()
        self.reachable()

    def steps(self) -> Iterator[tuple[str, Place, Step]]:
        for name, steps in self.parsed.sections.items():
            for place, step in steps:
                yield name, place, step

    def sections(self) -> None:
        """Every section that is named exists; no step stands after the end; no section runs out of steps."""
        names = self.parsed.sections
        head = self.parsed.head
        if head is not None and head.start not in names:
            self.error(("start",), f'there is no section "{head.start}"', close_match(head.start, names))
        for name, steps in names.items():
            onward = self.ways.setdefault(name, [])
            for number, (place, step) in enumerate(steps):
                ways = list(step.ways())
                for way in ways:
                    if way.section is None:
                        continue
                    onward.append(way.section)
                    if way.section not in names:
                        self.error(
                            (*place, *way.place),
                            f'there is no section "{way.section}"',
                            close_match(way.section, names),
                        )
                goes_on = any(way.section is None for way in ways)
                last = number == len(steps) - 1
                if not goes_on and not last:
                    self.error(
                        steps[number + 1][0],
                        "this step is never reached: the one above it leaves the section",
                        "remove or move it",
                    )
                if goes_on and last and name not in self.parsed.broken:
                    self.error(
                        place,
                        f'section "{name}" ends here without saying how to go on',
                        'add "- go: section" or "- hang_up" below',
                    )

    def prompts(self) -> None:
        head, known = self.parsed.head, self.known.prompts
        if head is None or known is None:
            return
        for _, place, step in self.steps():
            for inner, prompt in step.prompts():
                lacking = [language for language in head.languages if prompt not in known.get(language, frozenset())]
                if lacking:
                    ids = set().union(*known.values())
                    hint = f"add it to prompts/{lacking[0]}.yaml" if prompt in ids else close_match(prompt, ids)
                    self.error((*place, *inner), f'there is no prompt "{prompt}" in {", ".join(lacking)}', hint)

    def reachable(self) -> None:
        head = self.parsed.head
        if head is None or head.start not in self.parsed.sections:
            return
        seen: set[str] = set()
        ahead = [head.start]
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += self.ways.get(name, ())
                if name in self.parsed.broken:
                    return  # where a broken step would have led is not known
        for name in self.parsed.sections:
            if name not in seen:
                mark = self.document.key_mark(("sections", name))
                self.document.add(
                    mark, f'no call ever reaches section "{name}"', "lead a choice or a `go` to it, or remove it"
                )

    def error(self, place: Place, message: str, hint: str = "") -> None:
        self.document.add(self.document.value_mark(place), message, hint)


def check(document: Document, parsed: Parsed, known: Known) -> None:
    """Add to the document's findings whatever is wrong with the plan."""
    _Checker(document, parsed, known).run()
