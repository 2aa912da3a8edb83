"""The commands that set the hotline up and run it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.config import Home
from ivr.errors import SetupFailed
from ivr.hotline import Hotline
from ivr.prompts.build import build
from ivr.provision import web_libraries
from ivr.provision.ports import ADDRESS
from ivr.provision.progress import Progress
from ivr.provision.setup import Provisions, provide
from ivr.spoken import media_of, voices_of


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


def _prepare(hotline: Hotline) -> Provisions:
    """What `make setup` does beyond Python: Asterisk, voices, music, prompts; then what an admin wrote is read."""
    progress = Progress()
    provisions = provide(hotline.home.var, os.environ, progress)
    with progress.phase("prompts") as phase:
        build(media_of(hotline), voices_of(hotline, provisions), on_progress=phase.update)
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
