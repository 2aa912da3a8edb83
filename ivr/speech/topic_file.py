"""dialplans/topics.yaml: topics, their phrases and weights, with the line and column of whatever is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.dialplan.nodes import Document, Mark, Place, read
from ivr.errors import Finding
from ivr.speech.phrases import Phrase, PhraseInvalid, parse

_ID = re.compile(r"[a-z][a-z0-9_]*")
_ORDINARY_WEIGHT = 2.0
_MOST_WEIGHT = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """`phrase` speaks for its topic with `weight` (against it when negative); `line`, `column` say where it stands.

    `matter`: which part of the topic it speaks for; "" for the topic as a whole.
    """

    phrase: Phrase
    weight: float
    line: int
    column: int
    matter: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that callers call about; `urgency` is added to the call's priority."""

    id: str
    title: str
    rules: tuple[Rule, ...]
    urgency: int = 0


def read_topics(text: str, file: str) -> tuple[list[Topic], tuple[Finding, ...]]:
    """Read the file's text; returns the topics that could be read and everything that is wrong."""
    document = read(text, file)
    root = document.data
    if not isinstance(root, dict):
        if not document.findings:
            document.add(Mark(1, 1), "topics are missing", 'write "topics:" and the topics under it')
        return [], tuple(document.findings)
    _only(document, root, (), {"groups", "topics"})
    groups = _groups(document, root.get("groups"))
    topics = root.get("topics")
    if not isinstance(topics, dict) or not topics:
        document.add(document.value_mark(("topics",)), "topics are missing", 'write "topics:" and the topics under it')
        return [], tuple(document.findings)
    found = [_topic(document, ("topics", id_), id_, value, groups) for id_, value in topics.items()]
    return [topic for topic in found if topic], tuple(sorted(document.findings, key=lambda one: (one.line, one.column)))


def _groups(document: Document, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        document.add(document.value_mark(("groups",)), 'groups are written as "name: one|another"')
        return {}
    groups: dict[str, str] = {}
    for name, text in value.items():
        place = ("groups", name)
        if not isinstance(text, str):
            document.add(document.value_mark(place), "a group is a text of alternatives", "one|another|a third")
            continue
        groups[name.lower()] = text
    for name in groups:
        try:
            parse(f"<{name}>", groups)
        except PhraseInvalid as error:
            document.add(document.value_mark(("groups", name)), str(error))
    return groups


def _topic(document: Document, place: Place, id_: str, value: Any, groups: Mapping[str, str]) -> Topic | None:
    if not _ID.fullmatch(id_) or id_ == "none":
        document.add(
            document.key_mark(place),
            f'"{id_}" cannot be the name of a topic',
            'small Latin letters, digits and "_"; "none" is taken: it means that no topic was found',
        )
    if not isinstance(value, dict):
        document.add(document.value_mark(place), "a topic needs a title and phrases")
        return None
    _only(document, value, place, {"title", "phrases", "matters", "urgency"})
    title = value.get("title")
    if not isinstance(title, str):
        document.add(document.value_mark((*place, "title")), f"topic {id_} needs a title, a text")
        title = id_
    urgency = value.get("urgency", 0)
    if isinstance(urgency, bool) or not isinstance(urgency, int) or not 0 <= urgency <= 100:
        document.add(document.value_mark((*place, "urgency")), "urgency is a whole number from 0 to 100")
        urgency = 0
    phrases = value.get("phrases")
    if not isinstance(phrases, list) or not phrases:
        document.add(document.value_mark((*place, "phrases")), f"topic {id_} needs a list of phrases")
        return None
    seen: dict[str, int] = {}
    rules = list(_rules(document, (*place, "phrases"), "", phrases, groups, seen))
    matters = value.get("matters", {})
    if not isinstance(matters, dict):
        document.add(document.value_mark((*place, "matters")), 'matters are written as "name:" and phrases below it')
        matters = {}
    for matter, entries in matters.items():
        where = (*place, "matters", matter)
        if not _ID.fullmatch(matter) or not isinstance(entries, list):
            hint = "small Latin letters, digits and _, and a list of phrases below"
            document.add(document.key_mark(where), f'"{matter}" is no matter of a topic', hint)
            continue
        rules.extend(_rules(document, where, matter, entries, groups, seen))
    return Topic(id_, title, tuple(rules), urgency)


def _rules(
    document: Document, place: Place, matter: str, entries: list[Any], groups: Mapping[str, str], seen: dict[str, int]
) -> Iterator[Rule]:
    for index, entry in enumerate(entries):
        mark = document.value_mark((*place, index))
        for text, weight in _entry(document, mark, entry):
            if text in seen:
                document.add(mark, f'"{text}" is already in line {seen[text]}', "remove one", "warning")
                continue
            seen[text] = mark.line
            try:
                yield Rule(parse(text, groups), weight, mark.line, mark.column, matter)
            except PhraseInvalid as error:
                document.add(mark, f'"{text}": {error}')


def _entry(document: Document, mark: Mark, entry: Any) -> list[tuple[str, float]]:
    """Read `phrase` or `phrase: weight`."""
    match entry:
        case str() if entry.strip():
            return [(entry.strip(), _ORDINARY_WEIGHT)]
        case dict() if len(entry) == 1:
            (text, weight), *_ = entry.items()
            if isinstance(weight, int | float) and not isinstance(weight, bool) and 0 < abs(weight) <= _MOST_WEIGHT:
                return [(text.strip(), float(weight))]
            document.add(mark, f"a weight is a number up to {_MOST_WEIGHT}, below zero to speak against the topic")
            return []
        case _:
            document.add(mark, "a phrase is a text, or a text with its weight", "забыть пароль: 4")
            return []


def _only(document: Document, value: Mapping[str, Any], place: Place, known: set[str]) -> None:
    for key in value:
        if key not in known:
            document.add(
                document.key_mark((*place, key)), f'"{key}" is not known here', f"known: {', '.join(sorted(known))}"
            )
