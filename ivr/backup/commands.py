"""`ivr backup` and `ivr restore`: everything that a hotline cannot make anew, in one file."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Annotated

import typer
from redis.asyncio import Redis

from ivr.backup import bundle
from ivr.backup.store import dumped, is_empty, load
from ivr.config import Home
from ivr.errors import IvrError, StoreUnavailable
from ivr.hotline import Hotline
from ivr.provision import store as embedded_store
from ivr.supervise import only_one

_STDIO = Path("-")
_START_SECONDS = 30.0
_STOP_SECONDS = 60.0


def backup(
    file: Annotated[Path, typer.Argument(help="Where to; - is standard output, for a program that encrypts")],
) -> None:
    """Write plans, prompts, settings, keys, passwords, journal, requests and accounts into one file.

    The hotline may run. Whoever has the file can read everything in it: keep it as you keep the keys.
    """
    hotline = Hotline(Home.find())
    if file == _STDIO:
        _say(asyncio.run(_back_up(hotline, sys.stdout.buffer, Path(tempfile.gettempdir()))))
        return
    fresh = file.with_name(f"{file.name}.part")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            said = asyncio.run(_back_up(hotline, out, fresh.parent))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    _say(f"{said}, {file.stat().st_size / 1e6:.1f} MB in {file}")


def restore(file: Annotated[Path, typer.Argument(help="What `ivr backup` wrote; - is standard input")]) -> None:
    """Bring a backup into a fresh checkout, before its first start."""
    hotline = Hotline(Home.find())
    home = hotline.home
    home.var.mkdir(exist_ok=True)
    with only_one(home.processes), tempfile.TemporaryDirectory(dir=home.var, prefix="restore-") as name:
        if (home.var / "keys.json").exists():
            raise IvrError(
                "this checkout has calls and keys of its own",
                where=str(home.var),
                hint="restore into a fresh checkout, or move its var/ away first",
            )
        folder = Path(name)
        if file == _STDIO:
            bundle.unpack(sys.stdin.buffer, "standard input", folder)
        else:
            with file.open("rb") as source:
                bundle.unpack(source, str(file), folder)
        keys = asyncio.run(_restore(hotline, folder))
    _say(f"restored: {keys} keys of the store, plans, prompts, settings and passwords; start with `make run`")


async def _back_up(hotline: Hotline, out: IO[bytes], folder: Path) -> str:
    keys = 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".backup-") as lines:  # readable by us alone
        async with hotline.store() as store:
            async for line in dumped(store):
                lines.write(line)
                keys += 1
        lines.flush()
        files = bundle.pack(hotline.home.root, Path(lines.name), out)
    return f"{keys} rows of the store and {files} files"


async def _restore(hotline: Hotline, folder: Path) -> int:
    async with _running_store(hotline) as store:
        if not await is_empty(store):
            raise IvrError("the store has a hotline's data already", hint="restore into an empty one")
        with (folder / bundle.STORE).open("rb") as lines:
            keys = await load(store, lines)
    bundle.put_in_place(folder, hotline.home.root)
    return keys


@asynccontextmanager
async def _running_store(hotline: Hotline) -> AsyncIterator[Redis]:
    """The store of `REDIS_URL`, or our own, which runs while the block does."""
    if os.environ.get("REDIS_URL"):
        async with hotline.store() as store:
            yield store
        return
    command = embedded_store.command(hotline.home.var / "store", hotline.ports.store, hotline.secrets.password("store"))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        await _answers(hotline)
        async with hotline.store() as store:
            yield store
    finally:
        process.terminate()  # it writes down what it has
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()


async def _answers(hotline: Hotline) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                async with hotline.store() as store:
                    await store.ping()
                return
            except StoreUnavailable:
                await asyncio.sleep(0.05)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
