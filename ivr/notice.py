"""`ivr notice`: tell every caller of an outage before the menu, or stop telling."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from ivr.books import OFFICE_ZONE, Books, open_books
from ivr.clock import SystemClock
from ivr.config import Home
from ivr.dialplan.notices import notices_of
from ivr.dialplan.wording import close_match
from ivr.dialplan.workbench import Workbench
from ivr.errors import IvrError
from ivr.queue.notices import Notice, NoticeBoard

_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]
_Prompt = Annotated[str, typer.Argument(help="A prompt of prompts/*.yaml whose id begins with notice_")]


def on(
    prompt: _Prompt,
    hours: Annotated[float | None, typer.Option(help="It ends by itself after so many hours", min=0.1, max=168)] = None,
) -> None:
    """Let every caller hear a notice before the menu, from the next call on."""
    known = _known()
    if prompt not in known:
        raise IvrError(
            f'there is no notice "{prompt}" in the languages of all lines',
            hint=f"{close_match(prompt, known)}; a new one needs its text in each of prompts/*.yaml",
        )

    async def switch() -> None:
        async with open_books() as books:
            notice = await _board(books).switch_on(prompt, books.who, (hours or 0) * 3600)
            _say(f"on: {_told(notice, known)}")

    asyncio.run(switch())


def off(prompt: Annotated[str, typer.Argument(help="The notice, or all")]) -> None:
    """Stop telling callers."""

    async def switch() -> None:
        async with open_books() as books:
            board = _board(books)
            names = [notice.prompt for notice in await board.load()]
            wanted = names if prompt == "all" else [prompt]
            gone = [name for name in wanted if await board.switch_off(name, books.who)]
            if not gone and prompt != "all":
                raise IvrError(f'the notice "{prompt}" is not on', hint=f"on: {', '.join(names) or 'none'}")
            _say(f"off: {', '.join(gone) or 'none was on'}")

    asyncio.run(switch())


def show(as_json: _Json = False) -> None:
    """What callers are told now, and what they could be told."""
    known = _known()

    async def tell() -> None:
        async with open_books() as books:
            notices = {notice.prompt: notice for notice in await _board(books).load()}
            for name in sorted({*known, *notices}):
                notice, words = notices.get(name), known.get(name, "")
                if as_json:
                    until = notice.until if notice else 0
                    _say(json.dumps({"notice": name, "on": notice is not None, "until": until, "text": words}))
                else:
                    _say(f"on   {_told(notice, known)}" if notice else f"off  {name}: {words}")

    asyncio.run(tell())


def _known() -> Mapping[str, str]:
    bench = Workbench(Home.find())
    plans, _ = bench.read([])
    return notices_of(plans, bench.catalogue)


def _board(books: Books) -> NoticeBoard:
    return NoticeBoard(books.store, books.audit, SystemClock())


def _told(notice: Notice, known: Mapping[str, str]) -> str:
    since = f"{datetime.fromtimestamp(notice.at, OFFICE_ZONE):%d.%m %H:%M}, {notice.by}"
    until = f", until {datetime.fromtimestamp(notice.until, OFFICE_ZONE):%d.%m %H:%M}" if notice.until else ""
    return f"{notice.prompt} (since {since}{until}): {known.get(notice.prompt, '')}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
