"""`ivr status` for people: the same figures as the status page, in a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def show(status: Mapping[str, Any], out: Console) -> None:
    """Print a status as `/api/status` gives it."""
    now = float(status["at"])
    parts = ", ".join(
        f"{name} {'ok' if status[name]['ok'] else '[red]away[/]'}" for name in ("asterisk", "store", "speech")
    )
    out.print(f"[bold]Hotline[/] at {time.strftime('%H:%M:%S', time.localtime(now))}: {parts}")
    todo = status["requests"]
    late = f", [red]{todo['late']} overdue[/]" if todo["late"] else ""
    out.print(f"[bold]requests[/]: {todo['open']} to do{late}")
    _table(
        out,
        "lines",
        status["lines"],
        {"number": _same, "name": _same, "open": _open, "until": _moment, "calls": _same},
    )
    _table(
        out,
        "calls",
        status["calls"],
        {"call": _same, "line": _same, "topic": _same, "step": _same, "arrived": lambda at: f"{now - at:.0f} s ago"},
    )
    _table(
        out,
        "waiting",
        status["waiting"],
        {"call": _same, "position": _same, "topic": _same, "queued": lambda at: f"{now - at:.0f} s"},
    )
    _table(
        out,
        "operators",
        status["operators"],
        {"name": _same, "state": _same, "since": lambda at: f"{now - at:.0f} s" if at else "", "call": _same},
    )


def _table(out: Console, title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any]) -> None:
    if not rows:
        out.print(f"[bold]{title}[/]: none")
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(render(row[name])) for name, render in columns.items()))
    out.print(table)


def _open(is_open: bool) -> str:
    return "open" if is_open else "[red]closed[/]"


def _moment(at: float | None) -> str:
    return time.strftime("%a %H:%M", time.localtime(at)) if at else ""


def _same(value: object) -> object:
    return value
