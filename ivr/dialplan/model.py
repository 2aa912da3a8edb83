"""A plan as the interpreter runs it: frozen, checked values, no YAML left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from ivr.dialplan.expression import Type
from ivr.dialplan.fields import AlsoNumber, Name, OneOrSeveral, as_list
from ivr.dialplan.numbers import normalised_line
from ivr.dialplan.step import Step
from ivr.hours import ALWAYS, Hours, Zone


class Classified(Protocol):
    """What a topic classifier found; `topic` is "none" when it found nothing. `matters`: the part of a topic."""

    @property
    def topic(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def margin(self) -> float: ...
    @property
    def matched(self) -> Sequence[str]:
        """What decided: the admin's phrases; after `ALIKE` words of the caller's that are like the topic's examples."""
        ...

    @property
    def alternatives(self) -> Sequence[tuple[str, float]]: ...
    @property
    def urgency(self) -> int: ...
    @property
    def matters(self) -> Mapping[str, str]: ...


class TopicClassifier(Protocol):
    """Finds the topic of what a caller said; pure. `ivr.speech.topics` is the real one."""

    def classify(self, text: str, alternatives: Sequence[str] = (), heard: float | None = None) -> Classified:
        """The topic of `text` and of the recogniser's other readings together; `heard`: how surely it was heard."""
        ...

    def settled(self, text: str, *, pausing: bool = False) -> Classified | None:
        """The topic of an unfinished sentence when nothing that can follow would change it; else None.

        `pausing`: the caller has been quiet for a moment, so that less is likely to follow.
        """
        ...


def _line(value: object) -> object:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return value
    line = normalised_line(text)
    if line is None:
        raise PydanticCustomError("line", '"{text}" is not a telephone number', {"text": text})
    return line


Line = Annotated[str, BeforeValidator(_line), AlsoNumber()]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="ru, en, tt: the name of a file in prompts/.")]


class Head(BaseModel):
    """A plan's file, without its sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Name = Field(description="The plan's name in journal and reports.")
    title: str = Field("", description="The plan's name for people.")
    lines: Annotated[tuple[Line, ...], BeforeValidator(as_list), OneOrSeveral()] = Field(
        (), description="The numbers that callers dial to reach this plan."
    )
    languages: Annotated[tuple[Language, ...], BeforeValidator(as_list), OneOrSeveral()] = Field(
        min_length=1, description="Languages of its prompts; a call begins in the first."
    )
    time_zone: Zone = Field("Europe/Moscow", description="Zone of its hours and dates.")
    variables: Mapping[Name, Literal["number", "text", "yes_no"]] = Field(
        default={}, description="name: type. Numbers begin as 0, texts empty, yes_no as false."
    )
    hours: Mapping[Name, Hours] = Field(default={}, description="Opening hours by name, for `decide`.")
    open: Name | None = Field(
        None, description="Which of its hours are the line's, for who looks at the status. Default: round the clock."
    )
    returns: Literal["number", "text", "yes_no"] | None = Field(
        None, description="What this plan gives back when another one calls it."
    )
    start: Name = Field(description="The section that a call begins with.")

    @field_validator("hours")
    @classmethod
    def _in_its_zone(cls, hours: Mapping[str, Hours], head: ValidationInfo) -> Mapping[str, Hours]:
        return {name: each.in_zone(head.data.get("time_zone", "Europe/Moscow")) for name, each in hours.items()}


@dataclass(frozen=True, slots=True)
class Plan:
    """One dialplan. `lines` are normalised digits; `sections` keep the order of the file."""

    name: str
    title: str
    lines: tuple[str, ...]
    languages: tuple[str, ...]
    time_zone: str
    variables: Mapping[str, Type]
    hours: Mapping[str, Hours]
    start: str
    sections: Mapping[str, tuple[Step, ...]]
    topics: TopicClassifier
    returns: Type | None = None
    called: Mapping[str, Plan] = field(default_factory=dict)
    """All plans that a call on this one may come through, by name."""
    open_hours: Hours = ALWAYS
    """When its lines are open, as the status tells it."""


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans that are in force, found by name or by line."""

    by_name: Mapping[str, Plan]
    by_line: Mapping[str, Plan]

    def __iter__(self) -> Iterator[Plan]:
        return iter(self.by_name.values())

    def for_line(self, dialled: str) -> Plan | None:
        """The plan for the number that was dialled, in any usual spelling; None when no plan has it."""
        line = normalised_line(dialled)
        return self.by_line.get(line) if line else None
