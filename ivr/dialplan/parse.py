"""From a document to a plan: each step becomes its verb's model, each error goes back to its line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ivr.dialplan.fields import NAME
from ivr.dialplan.model import Head
from ivr.dialplan.nodes import Document, Place
from ivr.dialplan.step import Step
from ivr.dialplan.steps import VERBS
from ivr.dialplan.wording import NAME_IN_WORDS, close_match, explain, listed, show

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Parsed:
    """What could be read of a plan. Steps that are wrong are left out of `sections`; `broken` names their sections."""

    head: Head | None = None
    sections: dict[str, list[tuple[Place, Step]]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)


def parse(document: Document) -> Parsed:
    """Read the plan; what is wrong is added to the document's findings."""
    parsed = Parsed()
    data = document.data
    if not isinstance(data, dict):
        if not document.findings:
            what = "the file is empty" if data is None else f"{show(data)} is not a plan"
            document.add(document.value_mark(()), what, 'a plan begins with "plan: its_name"')
        return parsed
    head = {key: value for key, value in data.items() if key != "sections"}
    parsed.head = model_of(Head, head, document, (), extra_keys=("sections",))
    sections = data.get("sections")
    if sections is None:
        document.add(
            document.key_mark(("sections",)),
            'the plan has no "sections"',
            'add "sections:" with at least the first one',
        )
    elif not isinstance(sections, dict):
        document.add(
            document.value_mark(("sections",)),
            f"{show(sections)} is not a group of sections",
            'write "name:" and its steps below it',
        )
    else:
        for name, steps in sections.items():
            _section(document, parsed, name, steps)
    return parsed


def _section(document: Document, parsed: Parsed, name: str, steps: Any) -> None:
    place: Place = ("sections", name)
    parsed.sections[name] = []
    if not re.fullmatch(NAME, name):
        document.add(document.key_mark(place), f"{show(name)} is not a name", f"write {NAME_IN_WORDS}")
    if not isinstance(steps, list) or not steps:
        parsed.broken.add(name)
        document.add(
            document.key_mark(place), f'section "{name}" has no steps', 'write them below it, one "- verb: …" a line'
        )
        return
    for index, written in enumerate(steps):
        step = parse_step(document, (*place, index), written)
        if step is None:
            parsed.broken.add(name)
        else:
            parsed.sections[name].append(((*place, index), step))


def parse_step(document: Document, place: Place, written: Any) -> Step | None:
    """The step at `place`, or None with a finding."""
    if isinstance(written, str) and written in VERBS:
        written = {written: None}
    mark = document.value_mark(place)
    if not isinstance(written, dict) or not written:
        what = "this step is empty" if written is None else f"{show(written)} is not a step"
        known = close_match(str(written), VERBS) if isinstance(written, str) else f"the verbs are {listed(VERBS)}"
        document.add(mark, what, known)
        return None
    verbs = [key for key in written if key in VERBS]
    if len(verbs) == 1:
        return model_of(VERBS[verbs[0]], written, document, place)
    if verbs:
        both = " and ".join(f'"{verb}"' for verb in verbs)
        document.add(mark, f"this step has two verbs: {both}", 'begin a step of its own with "- " for each')
        return None
    first = next(iter(written))
    document.add(document.key_mark((*place, first)), f'unknown step "{first}"', close_match(first, VERBS))
    return None


def model_of(
    model: type[Model], data: dict[str, Any], document: Document, place: Place, extra_keys: tuple[str, ...] = ()
) -> Model | None:
    """Validate `data`, which is at `place`, or add findings and give None."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            where = (*place, *problem["loc"])
            if problem["type"] == "missing":
                document.add(document.key_mark(where[:-1]), f'"{where[-1]}" is missing here', "add it")
            elif problem["type"] == "too_short" and problem["input"]:
                continue  # its entries are wrong, and told on their own
            elif problem["type"] == "extra_forbidden":
                known = (*_fields_at(model, problem["loc"][:-1]), *extra_keys)
                document.add(document.key_mark(where), f'unknown key "{where[-1]}"', close_match(str(where[-1]), known))
            else:
                message, hint = explain(problem["type"], problem["msg"], problem["input"], problem.get("ctx", {}))
                document.add(document.value_mark(where), message, hint)
        return None


def _fields_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that the part of `model` at `loc` knows."""
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            inner = _inner_model(model.model_fields[part].annotation)
            if inner is not None:
                model = inner
    return tuple(model.model_fields)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None
