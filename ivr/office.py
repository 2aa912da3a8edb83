"""The commands of those who answer for figures and data: reports, archive, audit, persons, accounts."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast
from zoneinfo import ZoneInfo

import typer
from redis.asyncio import Redis
from rich.console import Console

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.errors import IvrError
from ivr.hotline import Hotline
from ivr.journal import retention
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditEntry, AuditLog
from ivr.journal.logs import configure_logging
from ivr.journal.person import Persons
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import to_mapping
from ivr.journal.rotation import rewrap_data_keys
from ivr.journal.stream import Journal
from ivr.request.store import RequestStore

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]
Number = Annotated[str, typer.Option(help="The person's telephone number, in any notation; asked for when left out")]
_ZONE = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True)
class _Office:
    """The store with what these commands share; `who` is the user of this machine, for the audit log."""

    hotline: Hotline
    store: Redis
    keyring: Keyring
    archive: Archive
    audit: AuditLog
    who: str


@asynccontextmanager
async def _open() -> AsyncIterator[_Office]:
    hotline = Hotline(Home.find())
    log = configure_logging("warning", "console")  # stdout is for what was asked
    try:
        async with _opened(hotline) as office:
            yield office
    finally:
        log.close()


@asynccontextmanager
async def _opened(hotline: Hotline) -> AsyncIterator[_Office]:
    async with hotline.store() as store:
        keyring = Keyring.load(hotline.wiring.keys)
        archive = Archive(store, hotline.wiring.archive, _ZONE)
        yield _Office(hotline, store, keyring, archive, AuditLog(store, keyring, SystemClock()), getpass.getuser())


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
        now = datetime.now(_ZONE)
        first, after = day(begin, now), day(end, now, after=True)
        async with _open() as office:
            names = {account.name: account.full_name for account in office.hotline.accounts}
            records = office.archive.since(JournalReader(office.store, None), first.timestamp())
            async with aclosing(records):
                await make_report(records, Console(), first, after, now, to=file, as_json=as_json, names=names)

    asyncio.run(make())


def purge() -> None:
    """Move closed days to files and delete what is older than it may be; to be run once a day."""

    async def clean() -> None:
        async with _open() as office:
            now = SystemClock().wall()
            done = await retention.purge(office.store, office.archive, office.audit, retention.Retention(), now, _ZONE)
            Console().print(
                f"{done.days} days moved to files, {done.audit} audit entries and {done.files} files deleted,"
                f" {done.calls} calls made anonymous",
                soft_wrap=True,
            )

    asyncio.run(clean())


def keys_rotate() -> None:
    """Make a new master key and wrap all calls' keys under it; the hotline must be restarted afterwards."""
    from ivr.web.accounts import Accounts

    async def rotate() -> None:
        async with _open() as office:
            await office.audit.note(office.who, "keys_rotate")
            ring = office.keyring.rotated()
            await asyncio.to_thread(ring.save, office.hotline.wiring.keys)  # before anything needs the new key
            calls = await rewrap_data_keys(office.store, ring)
            accounts = await Accounts(office.store, office.keyring, SystemClock(), office.audit).rewrap(ring)
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
        async with _open() as office:
            found = await office.audit.verify(head)
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
        async with _open() as office:
            async for entry in office.audit.entries():
                _print(entry, as_json=as_json)
            if follow:
                async with aclosing(office.audit.follow()) as following:
                    async for entry in following:
                        _print(entry, as_json=as_json)

    asyncio.run(show())


def person_export(number: Number = "") -> None:
    """Print everything that is held on a person, one JSON object a line."""
    asked = number or _ask_number()

    async def export() -> None:
        async with _open() as office, _persons(office) as persons:
            for records in (await persons.export(office.who, asked)).values():
                for record in records:
                    sys.stdout.write(json.dumps(to_mapping(record), ensure_ascii=False) + "\n")

    asyncio.run(export())


def person_correct(
    call: Annotated[str, typer.Argument(help="The call")],
    sequence: Annotated[int, typer.Argument(help="The record's number within the call")],
    fact: Annotated[str, typer.Argument(help="Which personal fact, such as text or caller")],
    value: Annotated[str, typer.Argument(help="What it should read")],
) -> None:
    """Note that something recorded about a person is wrong, and what is right."""

    async def correct() -> None:
        async with _open() as office, _persons(office) as persons:
            await persons.correct(office.who, call, sequence, fact, value)

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
        async with _open() as office, _persons(office) as persons:
            Console().print(f"{await persons.erase(office.who, asked)} calls made anonymous")

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
        async with _open() as office:
            accounts = Accounts(office.store, office.keyring, SystemClock(), office.audit)
            enrolled = await accounts.add(office.who, name, cast("Role", role), password)
            Console().print(f"Second factor, for an authenticator application: {enrolled.uri}", soft_wrap=True)

    asyncio.run(add())


def account_unlock(name: Annotated[str, typer.Argument(help="Whose account")]) -> None:
    """Let an account that three wrong codes have locked try again."""
    from ivr.web.accounts import Accounts

    async def unlock() -> None:
        async with _open() as office:
            await Accounts(office.store, office.keyring, SystemClock(), office.audit).unlock(office.who, name)

    asyncio.run(unlock())


def account_remove(name: Annotated[str, typer.Argument(help="Whose account")]) -> None:
    """Delete an account; its sessions end at once."""
    from ivr.web.accounts import Accounts

    async def remove() -> None:
        async with _open() as office:
            await Accounts(office.store, office.keyring, SystemClock(), office.audit).remove(office.who, name)

    asyncio.run(remove())


def _ask_number() -> str:
    """Typed, a number does not stand in the list of processes."""
    sys.stderr.write("Telephone number: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


@asynccontextmanager
async def _persons(office: _Office) -> AsyncIterator[Persons]:
    """With a writer of the journal of their own, beside the controller's."""
    journal = Journal(office.store, SystemClock(), office.keyring, office.hotline.wiring.spool)
    await journal.start()
    try:
        requests = RequestStore(office.store)
        yield Persons(office.store, office.keyring, journal, office.archive, office.audit, requests)
    finally:
        await journal.close()


def _print(entry: AuditEntry, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        return
    moment = datetime.fromtimestamp(entry.wall_seconds, _ZONE)
    facts = " ".join(f"{name}={value}" for name, value in entry.facts.items())
    sys.stdout.write(f"{moment:%Y-%m-%d %H:%M:%S}  {entry.who:12} {entry.action:20} {entry.subject} {facts}\n")
