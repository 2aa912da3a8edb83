"""Names and types: every expression makes sense, every variable is declared and used, every language is spoken."""

from __future__ import annotations

from ivr.dialplan import check_calls
from ivr.dialplan.check_draft import Draft
from ivr.dialplan.expression import (
    AmongThese,
    Binary,
    Expression,
    ExpressionInvalid,
    Named,
    NameUnknown,
    OpenNow,
    Tree,
    Type,
    Unary,
    type_of,
)
from ivr.dialplan.fields import Spoken
from ivr.dialplan.model import Head
from ivr.dialplan.names import FACTS, QUEUE_LOAD
from ivr.dialplan.nodes import Mark, Place
from ivr.dialplan.step import Step
from ivr.dialplan.steps.call import CallPlan
from ivr.dialplan.steps.collect import Collect
from ivr.dialplan.steps.language import SpeakLanguage
from ivr.dialplan.steps.look_up import LookUpStep
from ivr.dialplan.steps.queue import QueueStep
from ivr.dialplan.steps.set import SetVariables
from ivr.dialplan.wording import close_match, listed

_WRITABLE = {"priority": "number"}
_IN_WORDS = {"number": "a number", "text": "text", "yes_no": "yes or no"}


def check(draft: Draft) -> None:
    """Add what is wrong with names, types and languages."""
    head = draft.parsed.head
    if head is None:
        return
    _declarations(draft)
    queues = {step.queue for _, step in draft.steps() if isinstance(step, QueueStep)}
    names: dict[str, Type] = {**FACTS, **{QUEUE_LOAD + queue: "number" for queue in queues}}
    names |= head.variables
    names |= dict.fromkeys(head.hours, "hours")
    check_calls.check(draft, names)
    used: set[str] = set()
    for place, step in draft.steps():
        used |= _step(draft, place, step, names)
    _told_when_open(draft, head, used)
    used |= {head.open or ""}
    for kind, declared in (("variables", head.variables), ("hours", head.hours)):
        for name in declared:
            if name not in used and not draft.document.errors:
                mark = draft.document.key_mark((kind, name))
                draft.document.add(mark, f'nothing in this plan uses "{name}"', "remove it", "warning")


def _step(draft: Draft, place: Place, step: Step, names: dict[str, Type]) -> set[str]:
    """Check one step; gives the names that it uses."""
    used: set[str] = set()
    for inner, expression, wanted in step.expressions():
        _expression(draft, (*place, *inner), expression, wanted, names)
        used |= set(_named(expression.tree))
    for inner, item in step.prompts():
        if isinstance(item, Spoken):
            kind = "text" if item.date or item.digits or item.time else "number"
            _expression(draft, (*place, *inner), item.expression, kind, names)
            used |= set(_named(item.expression.tree))
    if isinstance(step, SetVariables):
        used |= step.set.keys()
    if isinstance(step, Collect | CallPlan) and step.into is not None:
        used.add(step.into)
    if isinstance(step, LookUpStep):
        used |= set(step.into.values())
        _looked_up(draft, place, step)
    if isinstance(step, Collect):
        _collected(draft, (*place, "into"), step.into)
    head = draft.parsed.head
    if isinstance(step, SpeakLanguage) and head is not None and step.language not in head.languages:
        hint = f"the plan has {listed(head.languages)}: add it there, with its prompts"
        draft.error((*place, "language"), f'"{step.language}" is none of the plan\'s languages', hint)
    return used


def _declarations(draft: Draft) -> None:
    head, prompts = draft.parsed.head, draft.known.prompts
    if head is None:
        return
    for index, language in enumerate(head.languages):
        if prompts is not None and language not in prompts:
            hint = f"add prompts/{language}.yaml, or choose from {listed(prompts)}"
            draft.error(("languages", index), f'there are no prompts in "{language}"', hint)
    for kind, declared in (("variables", head.variables), ("hours", head.hours)):
        for name in declared:
            if name in FACTS or (kind == "hours" and name in head.variables):
                mark = draft.document.key_mark((kind, name))
                draft.document.add(mark, f'"{name}" has a meaning already', "call it something else")


def _told_when_open(draft: Draft, head: Head, used: set[str]) -> None:
    """Who looks at the status sees the hours that callers meet."""
    asked = [name for name in head.hours if name in used]
    if head.open is not None and head.open not in head.hours:
        hint = close_match(head.open, head.hours) or 'describe them under "hours:"'
        draft.error(("open",), f'there are no hours "{head.open}"', hint)
    elif head.open is None and head.lines and asked:
        mark = draft.document.key_mark(("hours", asked[0]))
        what = "the status shows this line as open round the clock"
        draft.document.add(mark, what, f'say at the plan\'s head which hours are its: "open: {asked[0]}"', "warning")


def _expression(draft: Draft, place: Place, expression: Expression, wanted: str | None, names: dict[str, Type]) -> None:
    if wanted is not None and wanted.startswith("variable "):
        name = wanted.removeprefix("variable ")
        writable: dict[str, str] = {**(draft.parsed.head.variables if draft.parsed.head else {}), **_WRITABLE}
        if name not in writable:
            mark = draft.document.key_mark(place)
            hint = _or_declare(close_match(name, writable))
            draft.document.add(mark, f'there is no variable "{name}"', hint)
            return
        wanted = writable[name]
    if wanted == "returned":
        wanted = draft.parsed.head.returns if draft.parsed.head else None
        if wanted is None:
            draft.error(
                place, "this plan does not say what it returns", 'add "returns: text" (or number, yes_no) at its head'
            )
            return
    try:
        kind = type_of(expression.tree, names)
    except NameUnknown as error:
        hint = close_match(error.name, names)
        if not hint.startswith("did"):
            hint = f'text is written in quotes: "{error.name}"'
        draft.document.add(_at(draft, place, error.at), error.message, hint)
    except ExpressionInvalid as error:
        draft.document.add(_at(draft, place, error.at), error.message, error.hint)
    else:
        if wanted is not None and kind != wanted:
            draft.error(place, f'"{expression.text}" is {_IN_WORDS[kind]}, but {_IN_WORDS[wanted]} is needed here')


def _looked_up(draft: Draft, place: Place, step: LookUpStep) -> None:
    services = draft.known.services
    service = services.get(step.look_up)
    if service is None:
        draft.error((*place, "look_up"), f'there is no service "{step.look_up}"', close_match(step.look_up, services))
        return
    known = {**service.takes, **service.may_take}
    for name in step.with_.keys() - known.keys():
        mark = draft.document.key_mark((*place, "with", name))
        draft.document.add(mark, f'"{step.look_up}" takes no "{name}"', close_match(name, known))
    for name in sorted(service.takes.keys() - step.with_.keys()):
        draft.error(place, f'"{step.look_up}" needs "{name}"', f'add "with: {{{name}: …}}": {service.takes[name]}')
    for part, variable in step.into.items():
        if part not in service.gives:
            mark = draft.document.key_mark((*place, "into", part))
            draft.document.add(mark, f'"{step.look_up}" gives no "{part}"', close_match(part, service.gives))
        _collected(draft, (*place, "into", part), variable, service.types.get(part, "text"))


def _collected(draft: Draft, place: Place, into: str, kind: Type = "text") -> None:
    declared = draft.parsed.head.variables if draft.parsed.head else {}
    if into not in declared:
        draft.error(place, f'there is no variable "{into}"', _or_declare(close_match(into, declared)))
    elif declared[into] != kind:
        hint = f"only a variable that is {_IN_WORDS[kind]} can take it"
        draft.error(place, f'"{into}" is {_IN_WORDS[declared[into]]}', hint)


def _or_declare(hint: str) -> str:
    return f'{hint} If not, declare it under "variables"' if hint.startswith("did") else 'declare it under "variables"'


def _at(draft: Draft, place: Place, offset: int) -> Mark:
    """The very character of an expression."""
    mark = draft.document.value_mark(place)
    return Mark(mark.line, mark.column + offset + (place in draft.document.quoted))


def _named(tree: Tree) -> list[str]:
    """All names in a tree."""
    match tree:
        case Named(name):
            return [name]
        case OpenNow(hours):
            return [hours]
        case Unary(_, operand):
            return _named(operand)
        case Binary(_, left, right):
            return _named(left) + _named(right)
        case AmongThese(item, choices):
            return [name for part in (item, *choices) for name in _named(part)]
        case _:
            return []
