"""The commands that set the hotline up, run it, and look at it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.config import Home
from ivr.errors import IvrError, SetupFailed
from ivr.hotline import Hotline
from ivr.prompts.build import build
from ivr.provision import web_libraries
from ivr.provision.ports import ADDRESS
from ivr.provision.progress import Progress
from ivr.provision.setup import Provisions, provide

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]


def setup() -> None:
    """Bring in everything the hotline needs; quick when it is all there."""
    _prepare(Hotline(Home.find()))


def run() -> None:
    """Start the hotline and keep it running until Ctrl-C."""
    from ivr import run as running

    hotline = Hotline(Home.find())
    provisions = _prepare(hotline)
    if os.environ.get("REDIS_URL"):
        asyncio.run(running.check_store(hotline))
    asyncio.run(running.run(hotline, provisions, lambda: _announce(hotline)))


def program(name: Annotated[str, typer.Argument(help="asterisk, store, speech-1, speech-2, …")]) -> None:
    """Become one program of the hotline: what service managers start beside `ivr controller`."""
    from ivr import run as running

    hotline = Hotline(Home.find())
    running.become(hotline, _prepare(hotline), name)


def controller() -> None:
    """Serve calls: what `ivr run` and service managers start beside Asterisk, the store and the speech workers."""
    from ivr.controller import serve

    asyncio.run(serve(Hotline(Home.find())))


def speech(port: Annotated[int, typer.Option(help="Where the controller connects")]) -> None:
    """Recognise what callers say: one speech worker."""
    from ivr.speech.worker import run as run_worker

    hotline = Hotline(Home.find())
    settings = hotline.settings.speech
    run_worker(hotline.model, "127.0.0.1", port, hotline.secrets.password("speech"), settings.callers_per_worker)


def door() -> None:
    """Let browsers of other machines reach Asterisk's WebSocket, by TLS."""
    from ivr.line.door import Door

    hotline = Hotline(Home.find())
    encryption = hotline.encryption
    if encryption is None:
        raise SetupFailed("without a certificate there is no way in from other machines", hint="docs/encryption.md")
    way = Door((ADDRESS, hotline.ports.asterisk), hotline.web_names)

    async def serve() -> None:
        async with await way.open(str(hotline.settings.network.web), hotline.ports.door, encryption) as server:
            await server.serve_forever()

    asyncio.run(serve())


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


def _prepare(hotline: Hotline) -> Provisions:
    """What `make setup` does beyond Python: Asterisk, voices, music, prompts; then what an admin wrote is read."""
    progress = Progress()
    provisions = provide(hotline.home.var, os.environ, progress)
    with progress.phase("prompts") as phase:
        build(hotline.media, hotline.voices(provisions), on_progress=phase.update)
    _ = hotline.model
    web_libraries.provide(hotline.home.root, hotline.home.var, Path(sys.prefix), progress)
    return provisions


async def _announce(hotline: Hotline) -> None:
    """What a newcomer needs next."""
    from ivr.web.commands import invitation

    # whoever can read the link may come in: it is for a person's eyes, not for a log that others read
    link = await invitation(hotline) if sys.stdout.isatty() else f"{hotline.web_address}/ (`ivr enter` lets you in)"
    sip = f"sip:…@{ADDRESS}:{hotline.ports.sip}"
    sys.stdout.write(
        f"""
The hotline is up. Ctrl-C stops it.

  dial         8 800 555-35-35 at {sip}
  pages        {link}
  logs         {hotline.home.logs}/

Try it, in two other terminals:

  .venv/bin/ivr answer anna
  .venv/bin/ivr call 88005553535 --say "не могу войти в личный кабинет"

"""
    )
    sys.stdout.flush()
