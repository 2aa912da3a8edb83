"""The kinds of values that steps are made of: one meaning, one wording of the error, one entry in the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

KEYS = "0123456789*#"


def _as_text(value: Any) -> Any:
    # YAML reads `key: 1` as a number; the admin means the key.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _not_empty(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise PydanticCustomError("empty", "the list is empty")
    return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Ids of plans, sections, prompts, topics, queues, variables: they end up in file names, keys and reports."""

SectionName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64, description="The section to go on with.")
]
Key = Annotated[
    str, BeforeValidator(_as_text), Field(pattern=r"^[0-9*#]$", description='A key of the telephone: 0–9, "*" or "#".')
]
Seconds = Annotated[float, Field(gt=0, le=7200)]
Prompts = Annotated[
    tuple[Name, ...],
    BeforeValidator(_as_list),
    AfterValidator(_not_empty),
    Field(description="One prompt of the catalogue, or several said one after another."),
]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list), AfterValidator(_not_empty)]
Phrases = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
    BeforeValidator(_as_list),
    AfterValidator(_not_empty),
]
