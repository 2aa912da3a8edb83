"""What `ivr requests` shows of requests as the controller tells them. Pure but for the printing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Console
from rich.table import Table

from ivr.request.model import TITLES

_COLUMNS = (
    "number",
    "opened",
    "topic",
    "class",
    "priority",
    "status",
    "operator",
    "due",
    "overdue",
    "first contact",
    "score",
)


def show(requests: Sequence[Mapping[str, Any]], out: Console, zone: tzinfo, *, as_json: bool) -> None:
    """Print requests, one a line."""
    if as_json:
        for request in requests:
            out.file.write(json.dumps(request, ensure_ascii=False) + "\n")
        return
    if not requests:
        out.print("no request waits for anything")
        return
    table = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name)
    for request in requests:
        table.add_row(*_row(request, zone))
    out.print(table)


def _row(request: Mapping[str, Any], zone: tzinfo) -> tuple[str, ...]:
    solved = {True: "solved", False: "not solved", None: ""}[request["resolved"]]
    return (
        request["number"],
        _moment(request["opened"], zone),
        request["topic"],
        request["request_class"],
        str(request["priority"]),
        TITLES[request["status"]],
        request["operator"],
        _moment(request["due"], zone),
        ", ".join(request["late"]),
        solved,
        "" if request["score"] is None else str(request["score"]),
    )


def _moment(seconds: float | None, zone: tzinfo) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, zone):%d.%m %H:%M}"
