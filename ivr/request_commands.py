"""`ivr requests`: what is to do, one request, and moving it on, by way of the running hotline."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from ivr.books import OFFICE_ZONE
from ivr.config import Home
from ivr.hotline import Hotline
from ivr.request.commands import show

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]
NumberArgument = Annotated[str, typer.Argument(help="The request's number")]


def listed(as_json: JsonOption = False) -> None:
    """List requests that are not done, the most urgent first."""
    show(asyncio.run(Hotline(Home.find()).ask("/api/requests")), Console(), OFFICE_ZONE, as_json=as_json)


def one(number: NumberArgument, as_json: JsonOption = False) -> None:
    """Show one request: status, deadlines, who is responsible, what operator and caller said of it."""
    _show_one(number, None, as_json)


def status(
    number: NumberArgument,
    status: Annotated[str, typer.Argument(help="accepted, in_progress, needs_information or done")],
    as_json: JsonOption = False,
) -> None:
    """Move a request on."""
    _show_one(number, {"status": status}, as_json)


def assign(
    number: NumberArgument,
    operator: Annotated[str, typer.Argument(help="The operator's name in config/operators.yaml")],
    as_json: JsonOption = False,
) -> None:
    """Make an operator responsible for a request."""
    _show_one(number, {"operator": operator}, as_json)


def _show_one(number: str, change: Mapping[str, str] | None, as_json: bool) -> None:
    answered: Any = asyncio.run(Hotline(Home.find()).ask(f"/api/requests/{number}", change))
    show([answered], Console(), OFFICE_ZONE, as_json=as_json)
