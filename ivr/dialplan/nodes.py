"""YAML as an admin means it: values with the line and column of each, and no traps.

Scalars follow YAML 1.2's core schema, less what surprises: only `true` and `false` are booleans, only plain decimal
numbers are numbers, so `no`, `12:30` and `0800` stay the text that was written. A repeated key, an alias, a tag and a
second document are findings, not silent choices; refusing aliases also means that no document can unfold to more than
was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from ivr.errors import Finding

Place = tuple[str | int, ...]
"""Where a value is in its document: keys and list indexes from the root."""

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20

_TEXT_TAG = "tag:yaml.org,2002:str"
_CONTAINER_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_KEYWORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """A file's values (`data`: dicts, lists, str, int, float, bool, None), their marks, and what is wrong with it."""

    file: str
    data: Any = None
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    quoted: set[Place] = field(default_factory=set)
    """Texts in quotation marks: what they say begins one column later."""
    spoiled: set[Mark] = field(default_factory=set)
    """Where the YAML itself is wrong, so that nothing more need be said."""
    findings: list[Finding] = field(default_factory=list)

    def value_mark(self, place: Place) -> Mark:
        """Where the value begins, or the nearest thing around it that the file has."""
        return self.values[self.nearest(place)]

    def key_mark(self, place: Place) -> Mark:
        """Where the key of that value begins; the value itself for the items of a list."""
        near = self.nearest(place)
        return self.keys.get(near, self.values[near])

    def nearest(self, place: Place) -> Place:
        """The place in this file that `place` speaks of; parts that the file does not have are passed over."""
        near: Place = ()
        for part in place:
            if (*near, part) in self.values:
                near = (*near, part)
        return near

    def in_order(self) -> list[Finding]:
        """The findings as one meets them in the file."""
        return sorted(self.findings, key=lambda finding: (finding.line, finding.column))

    @property
    def errors(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)

    def add(self, mark: Mark, message: str, hint: str = "", severity: Literal["error", "warning"] = "error") -> None:
        """One more finding."""
        if mark in self.spoiled:
            return
        self.findings.append(Finding(self.file, mark.line, mark.column, severity, message, hint))


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- PyYAML looks this up on the class: no plain scalar gets a meaning by YAML 1.1


def read(text: str, file: str) -> Document:
    """Read one YAML document; whatever is wrong ends up in `findings`, and `data` holds the part that could be read."""
    document = Document(file, values={(): Mark(1, 1)})
    if len(text) > MAX_CHARACTERS:
        document.add(
            Mark(1, 1), f"the file has {len(text)} characters, more than {MAX_CHARACTERS}", "split it into several"
        )
        return document
    try:
        if (mark := _too_deep(text)) is not None:
            document.add(mark, f"values are nested more than {MAX_DEPTH} deep")
            return document
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        _syntax_error(document, text, error)
        return document
    if root is not None:
        document.data = _Walk(document).value(root, ())
    return document


def _too_deep(text: str) -> Mark | None:
    """Where it is, if anywhere. Asked before nodes are made: that is C that calls itself, and would end the process."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return _mark(event.start_mark)
    return None


class _Walk:
    """Turns PyYAML's nodes into values, noting marks and findings on the way."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        mark = _mark(node.start_mark)
        self.document.values[place] = mark
        if id(node) in self.seen:
            hint = "write the value out again"
            return self.spoil(mark, "an anchor (&name) and its aliases (*name) are not used here", hint)
        self.seen.add(id(node))
        if node.tag not in (_TEXT_TAG, *_CONTAINER_TAGS):
            hint = 'put text that begins with "!" in quotes'
            return self.spoil(mark, f'a tag ("{_short(node.tag)}") is not used here', hint)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.style:
            self.document.quoted.add(place)
            return node.value
        return plain(node.value)

    def spoil(self, mark: Mark, message: str, hint: str = "") -> None:
        """Tell what is wrong with the YAML here, once."""
        self.document.add(mark, message, hint)
        self.document.spoiled.add(mark)

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = _mark(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.add(mark, "a key is a single word", "remove the brackets or the “?”")
                continue
            key = str(key_node.value)
            if id(key_node) in self.seen or key == "<<":
                self.document.add(mark, "merging (<<) and aliases are not used here", "write the values out")
                continue
            self.seen.add(id(key_node))
            where = (*place, key)
            if key in result:
                first = self.document.keys[where]
                self.document.add(
                    mark, f'"{_short(key)}" is here twice; the first is in line {first.line}', "remove or rename one"
                )
                continue
            self.document.keys[where] = mark
            result[key] = self.value(value_node, where)
        return result


def plain(text: str) -> Any:
    """The value of an unquoted scalar."""
    if text.lower() in _KEYWORDS and text in (text.lower(), text.upper(), text.capitalize()):
        return _KEYWORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _short(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= 40 else shown[:39] + "…"


_SYNTAX = (
    (
        "mapping values are not allowed",
        'a second ":" in this line, or a ":" after text',
        "put the text in quotes, or check the indentation",
    ),
    ("did not find expected key", "this line does not fit the lines above", "align it with its neighbours by spaces"),
    (
        "did not find expected '-' indicator",
        "this line does not fit the list above",
        'begin it with "- ", or align it by spaces',
    ),
    ("did not find expected ',' or", "a bracket is not closed, or a comma is missing", "add it"),
    (
        "did not find expected alphabetic or numeric",
        'text that begins with "*" or "&" has another meaning in YAML',
        'put it in quotes: "*"',
    ),
    ("found undefined alias", 'text that begins with "*" has another meaning in YAML', 'put it in quotes: "*"'),
    ("found unexpected end of stream", "a quotation mark is not closed", "close it"),
    ("found unexpected document indicator", "a quotation mark is not closed", "close it"),
    (
        "found unknown escape character",
        'a "\\" in double quotes has another meaning in YAML',
        "use single quotes, or double it",
    ),
    ("could not find expected ':'", 'a ":" is missing after a key', 'write "key: value"'),
    ("but found another document", "a second document begins here", 'remove the line "---"; one file is one plan'),
    ("control characters are not allowed", "an invisible control character", "remove it"),
)


def _syntax_error(document: Document, text: str, error: yaml.YAMLError) -> None:
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    where = getattr(error, "problem_mark", None)
    if "unexpected end of stream" in problem or "unexpected document indicator" in problem:
        where = getattr(error, "context_mark", None) or where  # where the quotation began
    mark = _mark(where) if where is not None else _position(text, getattr(error, "position", 0))
    lines = text.splitlines()
    line = lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""
    if "cannot start any token" in problem:
        character = line[mark.column - 1 : mark.column]
        if character == "\t":
            document.add(mark, "a tab", "indent by spaces")
        else:
            document.add(mark, f'text cannot begin with "{character}" in YAML', "put it in quotes")
        return
    for part, message, hint in _SYNTAX:
        if part in problem:
            document.add(mark, message, hint)
            return
    document.add(mark, f"this is not YAML: {problem}")


def _position(text: str, position: int) -> Mark:
    before = text[:position]
    return Mark(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
