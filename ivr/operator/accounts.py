"""Operators as an admin writes them in `config/operators.yaml`: who can do what, when, at which extension."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from yaml.nodes import MappingNode, Node, SequenceNode

from ivr.errors import ConfigurationInvalid, Finding
from ivr.hours import ALWAYS, Hours, Zone
from ivr.routing.skills import Profile

_Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
_Level = Annotated[int, Field(ge=1, le=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Account(_Strict):
    """One operator. `skills`: topic or other skill → level (1 best, 3 weakest); `queues`: empty serves all."""

    name: _Identifier
    full_name: Annotated[str, Field(min_length=1, max_length=80)]
    extension: Annotated[str, Field(pattern=r"^\d{2,6}$")]
    skills: dict[_Identifier, _Level]
    languages: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...], Field(min_length=1)] = ("ru",)
    queues: tuple[_Identifier, ...] = ()
    zone: Zone = "Europe/Moscow"
    hours: Hours = ALWAYS

    @field_validator("hours")
    @classmethod
    def _in_the_zone(cls, hours: Hours, account: ValidationInfo) -> Hours:
        return hours.in_zone(account.data.get("zone", "UTC"))

    @property
    def profile(self) -> Profile:
        """What routing needs to know."""
        return Profile(
            name=self.name,
            skills=dict(self.skills),
            languages=frozenset(self.languages),
            queues=frozenset(self.queues),
            hours=self.hours,
        )


class _File(_Strict):
    operators: Annotated[tuple[Account, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _all_different(self) -> Self:
        for field in ("name", "extension"):
            values = [getattr(account, field) for account in self.operators]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"two operators have the {field} {', '.join(twice)}; each needs its own")
        return self


def load_accounts(path: Path) -> tuple[Account, ...]:
    """Read the operators of `path`. Raises ConfigurationInvalid with all findings, each with line and column."""
    try:
        text = path.read_text(encoding="utf-8")
        # BaseLoader takes every scalar as the text that the admin wrote: `no`, `0123` and `12:30` stay what they are
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        value = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds text, lists and mappings only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ConfigurationInvalid([Finding(str(path), line, column, "error", error.problem or "not YAML")]) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationInvalid([Finding(str(path), 1, 1, "error", f"cannot be read: {error}")]) from error
    findings = [_finding(path, mark, text) for mark, text in _repeated(root)] if root else []
    try:
        accounts = _File.model_validate(value).operators
    except ValidationError as error:
        findings.extend(
            _finding(path, _node(root, problem["loc"]), problem["msg"].removeprefix("Value error, "))
            for problem in error.errors(include_url=False)
        )
        raise ConfigurationInvalid(sorted(findings, key=lambda finding: (finding.line, finding.column))) from error
    if findings:
        raise ConfigurationInvalid(findings)
    return accounts


def _finding(path: Path, node: Node | None, message: str) -> Finding:
    line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
    return Finding(str(path), line, column, "error", message)


def _node(root: Node | None, location: tuple[int | str, ...]) -> Node | None:
    """The node that pydantic speaks of, or the nearest one around it."""
    node = root
    for step in location:
        if isinstance(node, MappingNode):
            found: Any = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
        else:
            found = None
        if found is None:
            break
        node = found
    return node


def _repeated(node: Node) -> list[tuple[Node, str]]:
    """Keys written twice in one mapping: YAML would silently take the last."""
    found: list[tuple[Node, str]] = []
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((key, f'"{key.value}" is written twice; the first one would be lost'))
            seen.add(key.value)
            found.extend(_repeated(value))
    elif isinstance(node, SequenceNode):
        for value in node.value:
            found.extend(_repeated(value))
    return found
