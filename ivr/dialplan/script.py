"""Tests of plans as an admin writes them: what callers do and what must follow, in the order of the call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from ivr.dialplan.fields import AlsoNumber, Name, Names, OneOrSeveral, as_list


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _moment(value: Any) -> Any:
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M")  # noqa: DTZ007 -- the plan's zone is added when it runs
    except ValueError:
        raise PydanticCustomError(
            "moment", '"{text}" is not a time: write 2026-11-23 12:00', {"text": str(value)}
        ) from None


Answers = Annotated[
    tuple[Mapping[Name, str | bool | int | float] | None, ...],
    BeforeValidator(as_list),
    Field(min_length=1),
    OneOrSeveral(),
]


class _BareWord:
    """For editors: a word that says all is a line of its own."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(core), {"enum": list(_SHORT)}]}


_SHORT = ("silent", "hangs_up", "operator_hangs_up")


class Line(BaseModel):
    """One line of a test: an action (says, presses, silent, waits, hangs_up, operator_hangs_up) or an expectation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str | None = Field(None, description="The caller says this.")
    presses: Annotated[str, BeforeValidator(_text), AlsoNumber(), Field(pattern=r"^[0-9*#]+$")] | None = Field(
        None, description="The caller presses these keys."
    )
    silent: Literal[True] | None = Field(None, description="The caller does nothing until the plan does something.")
    waits: Annotated[float, Field(gt=0, le=86_400)] | None = Field(None, description="So many seconds pass.")
    hangs_up: Literal[True] | None = Field(None, description="The caller hangs up.")
    operator_hangs_up: Literal[True] | None = Field(None, description="The operator ends the talk.")

    hears: Names | None = Field(None, description="The caller hears these prompts, in this order.")
    not_hears: Names | None = Field(None, description="The caller has not heard any of these prompts.")
    section: Name | None = Field(None, description="The call is in this section now.")
    topic: Name | None = Field(None, description="The call's topic.")
    language: str | None = Field(None, description="The call's language.")
    queue: Name | None = Field(None, description="The call has entered this queue.")
    priority: int | None = Field(None, description="With this priority.")
    variable: Mapping[Name, str | int | float | bool] | None = Field(None, description="name: value")
    recorded: bool | None = Field(None, description="Whether the call is being recorded now.")
    ends: Literal["talked", "goodbye", "left", "callback"] | None = Field(
        None, description="How the call ends: after a talk, by the plan's goodbye, left by the caller, with a callback."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, written: Any) -> Any:
        if isinstance(written, str) and written in _SHORT:
            return {written: True}
        return written

    @model_validator(mode="after")
    def _one_thing(self) -> Line:
        given = self.given
        if len(given) != 1:
            raise PydanticCustomError("line", "one thing a line: an action, or what is expected")
        return self

    @property
    def given(self) -> list[str]:
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @property
    def verb(self) -> str:
        return self.given[0]


class Test(BaseModel):
    """One call."""

    __test__ = False  # pytest collects classes of this name

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str = Field(min_length=1, max_length=200, description="What is tested, in a few words.")
    at: Annotated[datetime, BeforeValidator(_moment)] | None = Field(
        None, description="When the call comes in, in the plan's zone: 2026-11-23 12:00 (the default)."
    )
    line: Annotated[str, BeforeValidator(_text), AlsoNumber()] = Field(
        "", description="The number dialled. Default: the plan's first line."
    )
    caller: Annotated[str, BeforeValidator(_text), AlsoNumber()] = Field(
        "+79001234567", description='The caller\'s number; "" when withheld.'
    )
    chosen: Name = Field("none", description="The topic that the caller chose on the web page before calling.")
    operators: Literal["free", "busy", "nobody", "closed", "full"] = Field(
        "free", description="free: one answers at once; busy: the call waits; the others: the queue refuses it."
    )
    waiting: Mapping[Name, int] = Field(default={}, description="Callers already in each queue.")
    consents: bool = Field(False, description="Whether the caller agrees to be recorded, where the plan asks.")
    notices: Names | None = Field(None, description="Notices of ops that are in force.")
    services: Mapping[Name, Answers] = Field(
        default={},
        description="What services answer: {request_status: {status: done}}; null: they fail; {}: nothing found, which"
        " is the default; a list: one after the other, the last one from then on.",
    )
    call_backs: Literal["kept", "refused", "answering"] = Field(
        "kept", description="Whether a call back can be promised; answering: an operator picks up just then."
    )
    outside: Names | None = Field(None, description="Outside telephones that answer; the others ring in vain.")
    call: tuple[Annotated[Line, _BareWord()], ...] = Field(min_length=1, description="What happens, line by line.")


class TestFile(BaseModel):
    """Tests of one plan."""

    __test__ = False

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Name = Field(description="The plan that is tested.")
    tests: tuple[Test, ...] = Field(min_length=1)
