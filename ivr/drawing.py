"""`ivr graph`: the picture of a plan, with the way that a call took through it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.books import open_books
from ivr.config import Home
from ivr.dialplan import graph as pictures
from ivr.dialplan.workbench import Workbench
from ivr.errors import IvrError
from ivr.journal.reader import JournalReader

_PATH_SLASHES = 2


def graph(
    plan: Annotated[str, typer.Argument(help="A plan's file, name or line")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; .svg or .mmd; default: print")
    ] = None,
    trace: Annotated[
        str,
        typer.Option(
            metavar="CALL",
            help="Set off the way of this call; or of a file with what `ivr trace --json` prints, - reads it",
        ),
    ] = "",
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="Mermaid instead of SVG")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")] = False,
) -> None:
    """Draw a plan."""
    found = Workbench(Home.find()).plan(plan)
    walked = _walked(trace)
    if trace and not any(path.partition("/")[0] == found.name for path in walked):
        came = ", ".join(dict.fromkeys(path.partition("/")[0] for path in walked))
        raise IvrError(
            f'this call did not come through the plan "{found.name}"', hint=f"it came through {came or 'none'}"
        )
    drawn = (
        pictures.mermaid(found) if as_mermaid or (output and output.suffix == ".mmd") else pictures.svg(found, walked)
    )
    if output is not None:
        output.write_text(drawn, encoding="utf-8")
    if as_json:
        told = {"plan": found.name, "file": str(output) if output else None, "picture": None if output else drawn}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"drawn: {output}\n" if output else f"{drawn}\n")


def _walked(trace: str) -> list[str]:
    """The steps that a call has walked, in order."""
    if not trace:
        return []
    if trace == "-" or Path(trace).is_file():
        text = sys.stdin.read() if trace == "-" else Path(trace).read_text(encoding="utf-8")
        try:
            paths = [str(json.loads(line).get("path", "")) for line in text.splitlines()]
        except (ValueError, AttributeError):
            raise typer.BadParameter("a trace has one JSON object a line: `ivr trace CALL --json`") from None
    else:
        paths = asyncio.run(_of_call(trace))
    return [path for path in paths if path.count("/") == _PATH_SLASHES]


async def _of_call(call: str) -> list[str]:
    async with open_books() as books:
        reader = JournalReader(books.store, None)
        paths = [record.path for record in await reader.read(call)]
        if not paths:
            latest = await reader.calls(limit=3)
            hint = f"the latest calls are {', '.join(latest)}" if latest else "no call has come in yet"
            raise IvrError(f'the journal knows no call "{call}"', hint=hint)
        return paths
