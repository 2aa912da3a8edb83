"""The commands that look at a hotline that runs, and at the journals of its calls."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from ivr.config import Home
from ivr.errors import IvrError
from ivr.hotline import Hotline

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]


def status(as_json: JsonOption = False) -> None:
    """Show lines, calls, the queue and operators of the running hotline."""
    from ivr.status_view import show

    answer = asyncio.run(Hotline(Home.find()).ask("/api/status"))
    if as_json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    else:
        show(answer, Console())


def trace(
    call: Annotated[str, typer.Argument(help="The call's name, as `ivr call` and `ivr status` show it")],
    as_json: JsonOption = False,
    reveal: Annotated[bool, typer.Option(help="Show personal data in the clear")] = False,
) -> None:
    """Tell the story of one call from its journal."""
    from ivr.books import OFFICE_ZONE, open_books
    from ivr.call.identity import arrived_seconds
    from ivr.journal import commands as journal_commands

    async def tell() -> None:
        async with open_books() as books:
            await journal_commands.trace(
                books.store,
                books.keyring,
                call,
                Console(),
                OFFICE_ZONE,
                as_json=as_json,
                reveal=reveal,
                archive=books.archive,
                arrived_seconds=arrived_seconds(call),
            )

    asyncio.run(tell())


def why(
    call: Annotated[str, typer.Argument(help="The call's name, as `ivr call` and `ivr status` show it")],
    english: Annotated[bool, typer.Option("--english", help="In English instead of Russian")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say in words why this operator took the call, and why the caller waited so long."""
    from ivr.books import open_books
    from ivr.journal.reader import JournalReader
    from ivr.routing import why as reasons

    async def look() -> tuple[str, ...]:
        async with open_books() as books:
            records = await JournalReader(books.store, None).read(call)
        if not records:
            raise IvrError(f"the journal knows no call {call!r}", hint="`ivr journal` shows the latest")
        told = ((record.wall_seconds, record.kind, record.data) for record in records)
        return reasons.why(told, "en" if english else "ru")

    for sentence in asyncio.run(look()):
        sys.stdout.write((json.dumps({"call": call, "why": sentence}) if as_json else sentence) + "\n")


def journal(
    since: Annotated[str, typer.Option(help="90s, 15m, 2h, 7d, or a date such as 2026-11-22")] = "1h",
    topic: Annotated[str, typer.Option(help="Only calls of this topic")] = "",
    follow: Annotated[bool, typer.Option(help="Go on with what happens from now on")] = False,
    as_json: JsonOption = False,
    reveal: Annotated[bool, typer.Option(help="Show personal data in the clear")] = False,
) -> None:
    """Show what happened, in all calls."""
    from ivr.books import OFFICE_ZONE, open_books
    from ivr.journal import commands as journal_commands

    async def tell() -> None:
        async with open_books() as books:
            await journal_commands.journal(
                books.store,
                books.keyring,
                Console(),
                OFFICE_ZONE,
                time.time(),
                since=since,
                topic=topic,
                follow=follow,
                as_json=as_json,
                reveal=reveal,
                archive=books.archive,
            )

    asyncio.run(tell())
