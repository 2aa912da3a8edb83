"""The services that plans can ask by `look_up`: what each takes and gives. Whoever carries them out keeps to this.

One is our own; others, of other systems, are named by the admin in `config/services.yaml` and asked over HTTP.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.dialplan.expression import Type
from ivr.dialplan.fields import Name
from ivr.dialplan.nodes import read
from ivr.dialplan.parse import model_of
from ivr.errors import ConfigurationInvalid


@dataclass(frozen=True, slots=True)
class Service:
    """Names of arguments and of the parts of an answer, with their meaning; `types` of parts that are no text.

    `may_take` can be left out.
    """

    takes: Mapping[str, str]
    gives: Mapping[str, str]
    types: Mapping[str, Type] = field(default_factory=dict)
    may_take: Mapping[str, str] = field(default_factory=dict)


SERVICES: Mapping[str, Service] = {
    "request_status": Service(
        takes={"number": "a request's number, as the caller gave it"},
        may_take={"telephone": "the telephone that the request came from, when the caller has another one now"},
        gives={
            "status": "accepted, in_progress, needs_information or done",
            "answer_date": "until when the answer is due, 2026-12-31; empty when nothing is due",
        },
    ),
}


def _url(url: str) -> str:
    host = urlsplit(url)
    if host.scheme not in ("http", "https") or not host.hostname or "{" in host.netloc or "@" in host.netloc:
        hint = "begin it like https://host/, and put {arguments} after the host only"
        raise PydanticCustomError("url", '"{url}" is not an address to ask', {"url": url[:80], "hint": hint})
    return url


class HttpService(BaseModel):
    """Where another system is asked, and what it answers: a JSON object with these parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_url)] = Field(description="https://host/path?query, with {argument} in it.")
    takes: Mapping[Name, str] = Field(default={}, description="argument: what it is")
    gives: Mapping[Name, Literal["number", "text", "yes_no"]] = Field(description="part of the answer: its type")
    token_from: str = Field(
        default="",
        pattern=r"^[A-Z0-9_]*$",
        description="Environment variable with the bearer token, if one is needed.",
    )

    @model_validator(mode="after")
    def _arguments(self) -> HttpService:
        try:
            wanted = {name for _, name, form, turn in string.Formatter().parse(self.url) if name is not None}
        except ValueError:
            wanted = {"{"}
        if wanted != set(self.takes):
            hint = "each {argument} of the url stands under takes, and each of these in the url"
            raise PydanticCustomError("arguments", "url and takes do not fit each other", {"hint": hint})
        return self


class ServicesFile(BaseModel):
    """`config/services.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: Mapping[Name, HttpService] = {}


def load_services(path: Path) -> Mapping[str, HttpService]:
    """The services of other systems; none when there is no file. Raises `ConfigurationInvalid` with all findings."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except FileNotFoundError:
        return {}
    document = read(text, str(path))
    loaded: ServicesFile | None = None
    if not document.findings and document.data is not None:
        if isinstance(document.data, dict):
            loaded = model_of(ServicesFile, document.data, document, ())
        else:
            document.add(document.value_mark(()), "there are no services here", 'begin with "services:"')
    for name in loaded.services if loaded else ():
        if name in SERVICES:
            document.add(document.key_mark(("services", name)), f'"{name}" is a service of our own', "rename it")
    if document.errors:
        raise ConfigurationInvalid(document.in_order())
    return loaded.services if loaded else {}


def all_services(others: Mapping[str, HttpService]) -> Mapping[str, Service]:
    """What plans can ask: our own and the admin's."""
    asked = {
        name: Service(service.takes, dict(service.gives.items()), dict(service.gives))
        for name, service in others.items()
    }
    return {**SERVICES, **asked}
