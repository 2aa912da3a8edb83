"""What can be proved of a plan before a caller meets it. Pure; adds findings to the document."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.dialplan import check_names, check_words
from ivr.dialplan.check_draft import Draft, Known
from ivr.dialplan.flow import Node
from ivr.dialplan.nodes import Document
from ivr.dialplan.parse import Parsed
from ivr.dialplan.step import Step, Way
from ivr.dialplan.steps.consent import GIVEN, Consent
from ivr.dialplan.steps.record import Record
from ivr.dialplan.wording import close_match


def check(document: Document, parsed: Parsed, known: Known) -> None:
    """Add to the document's findings whatever is wrong with the plan."""
    draft = Draft(document, parsed, known)
    whole = _sections(draft)
    check_names.check(draft)
    check_words.check(draft)
    if whole and not parsed.broken:  # where a broken step would have led is not known
        _every_call_ends(draft)


def _sections(draft: Draft) -> bool:
    """Sections that are named exist; no step stands below one that always leaves; no section runs out of steps.

    False when a way leads nowhere.
    """
    whole = True
    names = draft.parsed.sections
    head = draft.parsed.head
    if head is not None and names and head.start not in names:
        draft.error(("start",), f'there is no section "{head.start}"', close_match(head.start, names))
    for name, steps in names.items():
        for number, (place, step) in enumerate(steps):
            ways = list(step.ways())
            for way in ways:
                if way.section is not None and way.section not in names:
                    whole = False
                    hint = close_match(way.section, names)
                    draft.error((*place, *way.place), f'there is no section "{way.section}"', hint)
            goes_on = any(way.section is None for way in ways)
            last = number == len(steps) - 1
            if not goes_on and not last:
                below = steps[number + 1][0]
                draft.error(below, "no call ever reaches this step: the one above always leaves", "remove or move it")
                break
            if goes_on and last and name not in draft.parsed.broken:
                what = f'section "{name}" ends here without saying how to go on'
                draft.error(place, what, 'add "- go: section" or "- hang_up" below')
                whole = False
    return whole


def _every_call_ends(draft: Draft) -> None:
    head, flow = draft.parsed.head, draft.flow
    if head is None or head.start not in draft.parsed.sections:
        return
    reached = flow.reached_from([(head.start, 0)])
    for name in draft.parsed.sections:
        if (name, 0) not in reached:
            mark = draft.document.key_mark(("sections", name))
            hint = "lead a choice or a `go` to it, or remove it"
            draft.document.add(mark, f'no call ever reaches section "{name}"', hint)
    if not _no_way_out(draft, reached):
        _circles(draft, reached)
    _recorded_without_consent(draft, head.start)


def _recorded_without_consent(draft: Draft, start: str) -> None:
    """No way leads to a recording but through a yes."""
    for node in sorted(draft.flow.reached_from([(start, 0)], _without_consent)):
        if isinstance(draft.flow.steps[node], Record):
            hint = "put a `consent` before it, and lead callers who do not consent around it"
            draft.error(draft.place(node), "calls are recorded here without the caller's consent", hint)


def _without_consent(step: Step, way: Way) -> bool:
    return not (isinstance(step, Consent) and way.when == GIVEN)


def _circles(draft: Draft, reached: set[Node]) -> None:
    """Nobody goes round for ever: not the call itself, not who says nothing, not who is never understood."""
    told: set[frozenset[Node]] = set()
    for follows, who in _PATIENCE:
        circle = draft.flow.circle(follows, _counts)
        if circle is not None and circle[0] in reached and frozenset(circle) not in told:
            told.add(frozenset(circle))
            hint = "let one of these ways lead to a queue or to hang_up"
            draft.error(draft.place(circle[0]), f"{who} goes round for ever: {_shown(circle)}", hint)


def _no_way_out(draft: Draft, reached: set[Node]) -> bool:
    told: set[str] = set()
    for node in draft.flow.without_end():
        if node in reached and node[0] not in told:
            told.add(node[0])
            hint = "lead it to a queue or to hang_up"
            draft.error(draft.place(node), f'no call that comes to section "{node[0]}" ever ends', hint)
    return bool(told)


def _at_once(step: Step, _: Way) -> bool:
    return not step.waits


def _silent(_: Step, way: Way) -> bool:
    return way.kind not in ("choice", "no_match", "talked")


def _misunderstood(_: Step, way: Way) -> bool:
    return way.kind not in ("choice", "no_input", "talked")


_PATIENCE = (
    (_at_once, "every call that comes here"),
    (_silent, "a caller who says nothing"),
    (_misunderstood, "a caller who is never understood"),
)


def _counts(steps: Sequence[Step]) -> bool:
    """A circle that counts its rounds and decides by the count has an end that the plan's author thought of."""
    verbs = {step.verb for step in steps}
    return {"set", "decide"} <= verbs and any(step.waits for step in steps)


def _shown(circle: Sequence[Node]) -> str:
    sections = [node[0] for node in circle]
    short = [name for index, name in enumerate(sections) if index == 0 or name != sections[index - 1]]
    return " → ".join(short if len(short) > 1 else short * 2)
