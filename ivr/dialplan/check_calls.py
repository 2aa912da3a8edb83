"""Plans that call plans: they exist, fit together, and never call themselves."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from ivr.dialplan.check_draft import Draft
from ivr.dialplan.expression import ExpressionInvalid, Type, type_of
from ivr.dialplan.model import Head
from ivr.dialplan.nodes import Place
from ivr.dialplan.steps.call import CallPlan
from ivr.dialplan.steps.give_back import GiveBack
from ivr.dialplan.steps.queue import QueueStep
from ivr.dialplan.steps.transfer import Transfer
from ivr.dialplan.wording import close_match, listed


def check(draft: Draft, names: Mapping[str, Type]) -> None:
    """Add what is wrong with `call` and `return`."""
    head = draft.parsed.head
    if head is None:
        return
    for place, step in draft.steps():
        if isinstance(step, CallPlan):
            _call(draft, head, place, step, names)
        if isinstance(step, Transfer):
            _transfer(draft, place, step)
        if isinstance(step, QueueStep) and step.operator is not None:
            _operator(draft, (*place, "operator"), step.operator)
        if isinstance(step, GiveBack) and head.lines:
            hint = "end the call by hang_up, or take the lines out: a plan without lines is called by others"
            draft.error(place, "callers come to this plan directly, so there is nothing to return to", hint)


def _call(draft: Draft, head: Head, place: Place, step: CallPlan, names: Mapping[str, Type]) -> None:
    plans = draft.known.plans
    if plans is None:
        return
    called = plans.get(step.call)
    if called is None:
        draft.error((*place, "call"), f'there is no plan "{step.call}"', close_match(step.call, plans))
        return
    if step.call not in draft.known.returning:
        hint = 'end one of its ways by "- return"; until then no call comes back to the steps below'
        draft.error((*place, "call"), f'plan "{step.call}" never returns', hint)
    mute = [language for language in head.languages if language not in called.languages]
    if mute:
        draft.error((*place, "call"), f'plan "{step.call}" does not speak {listed(mute)}', "add its prompts there")
    for name, expression in step.with_.items():
        wanted = called.variables.get(name)
        if wanted is None:
            mark = draft.document.key_mark((*place, "with", name))
            hint = close_match(name, called.variables)
            draft.document.add(mark, f'plan "{step.call}" has no variable "{name}"', hint)
            continue
        try:
            kind = type_of(expression.tree, names)
        except ExpressionInvalid:
            continue  # told already
        if kind != wanted:
            draft.error((*place, "with", name), f'"{name}" takes {wanted}, but this is {kind}')
    if step.into is not None:
        _into(draft, head, (*place, "into"), step.into, step.call, called)


def _transfer(draft: Draft, place: Place, step: Transfer) -> None:
    where, outside, plans = (*place, "transfer"), draft.known.outside, draft.known.plans
    if step.plan is not None:
        if plans is not None and step.plan not in plans:
            draft.error((*where, "plan"), f'there is no plan "{step.plan}"', close_match(step.plan, plans))
        elif plans is not None and not plans[step.plan].lines:
            hint = f'use "call: {step.plan}", and say what follows'
            draft.error((*where, "plan"), f'plan "{step.plan}" has no line of its own', hint)
        for key in ("failed", "then"):
            if getattr(step, key) is not None:
                draft.error((*place, key), f'"{key}" goes with an outside telephone only', "remove it")
        return
    if outside is not None and str(step.transfer) not in outside:
        hint = close_match(str(step.transfer), outside) if outside else 'name it there: duty_officer: "+7 495 …"'
        draft.error(where, f'config/ivr.yaml has no outside telephone "{step.transfer}"', hint)
    if step.failed is None:
        draft.error(place, '"failed" is missing here', "say where to go when nobody answers there")


def _operator(draft: Draft, where: Place, name: str) -> None:
    operators = draft.known.operators
    if operators is not None and name not in (known := [operator.name for operator in operators]):
        draft.error(where, f'there is no operator "{name}"', close_match(name, known))


def _into(draft: Draft, head: Head, where: Place, into: str, call: str, called: Head) -> None:
    if called.returns is None:
        draft.error(where, f'plan "{call}" returns nothing', 'declare "returns: text" there, or remove "into"')
    elif into not in head.variables:
        draft.error(where, f'there is no variable "{into}"', close_match(into, head.variables))
    elif head.variables[into] != called.returns:
        kind = head.variables[into]
        draft.error(where, f'plan "{call}" returns {called.returns}, but "{into}" is {kind}')


def circle(calls: Mapping[str, set[str]]) -> list[str] | None:
    """Plans that call each other in a circle, in order; None when there are none."""
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None
