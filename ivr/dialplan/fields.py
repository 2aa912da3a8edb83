"""The kinds of values that steps are made of: one meaning, one wording of the error, one entry in the JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from ivr.dialplan.expression import Expression, ExpressionInvalid, Unreadable, parse

NAME = r"^[a-z][a-z0-9_]*$"


def as_text(value: Any) -> Any:
    """YAML reads `key: 1` as a number; the admin means the key."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _not_empty(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise PydanticCustomError("empty", "the list is empty")
    return value


def _expression(written: Any) -> Any:
    if isinstance(written, Expression):
        return written
    if isinstance(written, bool):
        written = "true" if written else "false"
    if not isinstance(written, str | int | float):
        raise PydanticCustomError(
            "expression", "a condition or a value is needed here", {"hint": "write it in one line"}
        )
    try:
        return parse(str(written))
    except ExpressionInvalid as error:
        return Expression(str(written), Unreadable(error.message, error.at, error.hint))


class OneOrSeveral:
    """For editors: a list of one may be written without being a list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        written = handler(core)
        return {"anyOf": [written["items"], written]} if "items" in written else written


class AlsoNumber:
    """For editors: text that consists of digits may be written without quotes."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(core), {"type": "integer"}]}


Name = Annotated[str, Field(pattern=NAME, max_length=64)]
"""Ids of plans, sections, prompts, topics, queues, variables: they end up in file names, keys and reports."""

SectionName = Annotated[str, Field(pattern=NAME, max_length=64, description="The section to go on with.")]
Key = Annotated[
    str,
    BeforeValidator(as_text),
    Field(pattern=r"^[0-9*#]$", description='A key of the telephone: 0–9, "*" or "#".'),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"enum": ["*", "#"]}]}),
]
Seconds = Annotated[float, Field(gt=0, le=7200)]
ExpressionText = Annotated[
    Expression,
    BeforeValidator(_expression),
    PlainSerializer(lambda expression: expression.text),
    WithJsonSchema({"type": ["string", "number", "boolean"], "description": "For example: tries + 1, office is open."}),
]


def _prompt(written: Any) -> Any:
    if isinstance(written, str) and not re.fullmatch(NAME, written):
        hint = "write the text in prompts/ru.yaml after an id of small Latin letters, and that id here"
        raise PydanticCustomError("prompt", '"{text}" is not the id of a prompt', {"text": written[:40], "hint": hint})
    return written


def _telephone(written: Any) -> Any:
    if isinstance(written, int) or (isinstance(written, str) and re.fullmatch(r"[+0-9 ()-]{3,}", written)):
        hint = 'name it under outside in config/ivr.yaml (duty_officer: "+7 495 …"), and write that name here'
        raise PydanticCustomError("telephone", "a plan dials no numbers", {"hint": hint})
    return written


TelephoneName = Annotated[Name, BeforeValidator(_telephone)]
PromptId = Annotated[Name, BeforeValidator(_prompt)]


class Spoken(BaseModel):
    """A value that is read out from recorded pieces."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    number: ExpressionText | None = Field(None, description="A whole number, with a unit if one is given.")
    digits: ExpressionText | None = Field(None, description="Digit by digit.")
    ordinal: ExpressionText | None = Field(None, description="A place in a row: third.")
    date: ExpressionText | None = Field(None, description='A date "2026-12-31".')
    time: ExpressionText | None = Field(None, description='A time of day "08:30".')
    unit: Literal["minute", "second", "hour", "day", "call", "person", "request"] | None = None
    case: Literal["nominative", "genitive", "accusative"] = "nominative"

    @model_validator(mode="after")
    def _one_value(self) -> Spoken:
        if sum(value is not None for value in (self.number, self.digits, self.ordinal, self.date, self.time)) != 1:
            raise PydanticCustomError("spoken", "exactly one of number, digits, ordinal, date, time is read out here")
        if self.unit is not None and self.number is None:
            raise PydanticCustomError("spoken", "a unit goes with a number only")
        return self

    @property
    def expression(self) -> Expression:
        found = self.number or self.digits or self.ordinal or self.date or self.time
        if found is None:
            raise ValueError("validated to have one value")
        return found


Item = Annotated[
    Annotated[PromptId, Tag("prompt")] | Annotated[Spoken, Tag("spoken")],
    Discriminator(lambda value: "spoken" if isinstance(value, dict | Spoken) else "prompt"),
]
Prompts = Annotated[
    tuple[Item, ...],
    BeforeValidator(as_list),
    AfterValidator(_not_empty),
    OneOrSeveral(),
    Field(description="One prompt of the catalogue, or several one after another; {number: …} reads a value out."),
]
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(as_list),
    AfterValidator(_not_empty),
    OneOrSeveral(),
]
Phrases = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
    BeforeValidator(as_list),
    AfterValidator(_not_empty),
    OneOrSeveral(),
]
