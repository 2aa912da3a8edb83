"""The commands of those who answer for figures and data: reports, archive, audit, persons, accounts."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from ivr.books import OFFICE_ZONE, Books, open_books
from ivr.clock import SystemClock
from ivr.errors import IvrError
from ivr.journal import retention
from ivr.journal.audit import AuditEntry
from ivr.journal.person import Persons
from ivr.journal.reader import JournalReader
from ivr.journal.record import to_mapping
from ivr.journal.recordings import Recordings
from ivr.journal.rotation import rewrap_data_keys
from ivr.journal.stream import Journal
from ivr.request.store import RequestStore

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]
Number = Annotated[str, typer.Option(help="The person's telephone number, in any notation; asked for when left out")]


def report(
    begin: Annotated[str, typer.Option("--from", help="First day: 2026-11-22, today or yesterday")] = "today",
    end: Annotated[str, typer.Option("--to", help="Last day")] = "today",
    file: Annotated[Path | None, typer.Option(help="Write it there: .csv, .xlsx or .pdf")] = None,
    as_json: JsonOption = False,
) -> None:
    """Report a period: speed of answer, share within 30 s in every variant, abandonment, occupancy and more."""
    from ivr.stats.commands import day
    from ivr.stats.commands import report as make_report

    async def make() -> None:
        now = datetime.now(OFFICE_ZONE)
        first, after = day(begin, now), day(end, now, after=True)
        async with open_books() as books:
            names = {account.name: account.full_name for account in books.hotline.accounts}
            records = books.archive.since(JournalReader(books.store, None), first.timestamp())
            async with aclosing(records):
                await make_report(records, Console(), first, after, now, to=file, as_json=as_json, names=names)

    asyncio.run(make())


def purge() -> None:
    """Move closed days to files and delete what is older than it may be; to be run once a day."""

    async def clean() -> None:
        async with open_books() as books:
            now = SystemClock().wall()
            kept = books.hotline.settings.retention
            recordings = Recordings(books.hotline.wiring.recordings)
            done = await retention.purge(
                books.store, books.archive, books.audit, RequestStore(books.store), recordings, kept, now, OFFICE_ZONE
            )
            Console().print(
                f"{done.days} days moved to files, {done.audit} audit entries and {done.files} files deleted,"
                f" {done.calls} calls made anonymous, {done.requests} requests and {done.recordings} recordings"
                " deleted",
                soft_wrap=True,
            )

    asyncio.run(clean())


def keys_rotate() -> None:
    """Make a new master key and wrap all calls' keys under it; the hotline must be restarted afterwards."""
    from ivr.web.accounts import Accounts

    async def rotate() -> None:
        async with open_books() as books:
            await books.audit.note(books.who, "keys_rotate")
            ring = books.keyring.rotated()
            await asyncio.to_thread(ring.save, books.hotline.wiring.keys)  # before anything needs the new key
            calls = await rewrap_data_keys(books.store, ring)
            accounts = await Accounts(books.store, books.keyring, SystemClock(), books.audit).rewrap(ring)
            Console().print(
                f"master key {ring.current}: {calls} calls and {accounts} accounts wrapped anew;"
                " restart the hotline, and back the key file up",
                soft_wrap=True,
            )

    asyncio.run(rotate())


def audit_verify(
    head: Annotated[str, typer.Option(help="A head noted earlier, which must still be in the log")] = "",
) -> None:
    """Check that nothing in the audit log was changed or left out."""

    async def verify() -> None:
        async with open_books() as books:
            found = await books.audit.verify(head)
            if found.broken:
                raise IvrError(f"the audit log is broken: {found.broken}", hint="compare it with a backup of the store")
            Console().print(f"{found.entries} entries, all in place; head {found.head or '(empty)'}", soft_wrap=True)

    asyncio.run(verify())


def audit_show(
    follow: Annotated[bool, typer.Option(help="Go on with what happens from now on")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show who looked at or changed what."""

    async def show() -> None:
        async with open_books() as books:
            async for entry in books.audit.entries():
                _print(entry, as_json=as_json)
            if follow:
                async with aclosing(books.audit.follow()) as following:
                    async for entry in following:
                        _print(entry, as_json=as_json)

    asyncio.run(show())


def person_export(number: Number = "") -> None:
    """Print everything that is held on a person, one JSON object a line."""
    asked = number or _ask_number()

    async def export() -> None:
        async with open_books() as books, _persons(books) as persons:
            for records in (await persons.export(books.who, asked)).values():
                for record in records:
                    sys.stdout.write(json.dumps(to_mapping(record), ensure_ascii=False) + "\n")

    asyncio.run(export())


def recording(
    call: Annotated[str, typer.Argument(help="The call's name, as `ivr journal` shows it")],
    to: Annotated[Path, typer.Option(help="The WAV file to write; only you may read it")],
) -> None:
    """Unseal what was recorded of a call; who did it stands in the audit log."""

    async def unseal() -> None:
        async with open_books() as books:
            await books.audit.note(books.who, "recording_unsealed", call)
            key = await JournalReader(books.store, books.keyring).data_key(call)
            recordings = Recordings(books.hotline.wiring.recordings)
            seconds = await asyncio.to_thread(recordings.unseal, call, key, to)
            Console().print(f"{to}: {seconds:.1f} s", soft_wrap=True)

    asyncio.run(unseal())


def person_correct(
    call: Annotated[str, typer.Argument(help="The call")],
    sequence: Annotated[int, typer.Argument(help="The record's number within the call")],
    fact: Annotated[str, typer.Argument(help="Which personal fact, such as text or caller")],
    value: Annotated[str, typer.Argument(help="What it should read")],
) -> None:
    """Note that something recorded about a person is wrong, and what is right."""

    async def correct() -> None:
        async with open_books() as books, _persons(books) as persons:
            await persons.correct(books.who, call, sequence, fact, value)

    asyncio.run(correct())


def person_erase(
    number: Number = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: there is no way back")] = False,
) -> None:
    """Make everything personal of a person's calls unreadable, for good, in files and backups too."""
    asked = number or _ask_number()
    if not yes:
        typer.confirm("There is no way back. Erase?", abort=True)

    async def erase() -> None:
        async with open_books() as books, _persons(books) as persons:
            Console().print(f"{await persons.erase(books.who, asked)} calls made anonymous")

    asyncio.run(erase())


def account_add(
    name: Annotated[
        str, typer.Argument(help="The person's name here; an operator's is the one in config/operators.yaml")
    ],
    role: Annotated[str, typer.Argument(help="operator, supervisor, admin or auditor")],
) -> None:
    """Make an account for the web pages; asks for its password, shows its second factor this once."""
    from ivr.web.accounts import Accounts
    from ivr.web.roles import Role

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)

    async def add() -> None:
        async with open_books() as books:
            accounts = Accounts(books.store, books.keyring, SystemClock(), books.audit)
            enrolled = await accounts.add(books.who, name, cast("Role", role), password)
            Console().print(f"Second factor, for an authenticator application: {enrolled.uri}", soft_wrap=True)

    asyncio.run(add())


def account_unlock(name: Annotated[str, typer.Argument(help="Whose account")]) -> None:
    """Let an account that three wrong codes have locked try again."""
    from ivr.web.accounts import Accounts

    async def unlock() -> None:
        async with open_books() as books:
            await Accounts(books.store, books.keyring, SystemClock(), books.audit).unlock(books.who, name)

    asyncio.run(unlock())


def account_remove(name: Annotated[str, typer.Argument(help="Whose account")]) -> None:
    """Delete an account; its sessions end at once."""
    from ivr.web.accounts import Accounts

    async def remove() -> None:
        async with open_books() as books:
            await Accounts(books.store, books.keyring, SystemClock(), books.audit).remove(books.who, name)

    asyncio.run(remove())


def _ask_number() -> str:
    """Typed, a number does not stand in the list of processes."""
    sys.stderr.write("Telephone number: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


@asynccontextmanager
async def _persons(books: Books) -> AsyncIterator[Persons]:
    """With a writer of the journal of their own, beside the controller's."""
    journal = Journal(books.store, SystemClock(), books.keyring, books.hotline.wiring.spool)
    await journal.start()
    try:
        requests = RequestStore(books.store)
        recordings = Recordings(books.hotline.wiring.recordings)
        yield Persons(books.store, books.keyring, journal, books.archive, books.audit, requests, recordings)
    finally:
        await journal.close()


def _print(entry: AuditEntry, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        return
    moment = datetime.fromtimestamp(entry.wall_seconds, OFFICE_ZONE)
    facts = " ".join(f"{name}={value}" for name, value in entry.facts.items())
    sys.stdout.write(f"{moment:%Y-%m-%d %H:%M:%S}  {entry.who:12} {entry.action:20} {entry.subject} {facts}\n")
