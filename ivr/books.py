"""The hotline's books, opened for one command: the store with the keys to it, closed days, and who is asking."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.hotline import Hotline
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.logs import configure_logging
from ivr.journal.privacy import Keyring

OFFICE_ZONE = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True)
class Books:
    """`who` is the user of this machine, for the audit log."""

    hotline: Hotline
    store: Redis
    keyring: Keyring
    archive: Archive
    audit: AuditLog
    who: str


@asynccontextmanager
async def open_books() -> AsyncIterator[Books]:
    """Of this checkout's hotline; `StoreUnavailable` when the store does not serve us."""
    hotline = Hotline(Home.find())
    log = configure_logging("warning", "console")  # stdout is for what was asked
    try:
        async with hotline.store() as store:
            keyring = Keyring.load(hotline.wiring.keys)
            archive = Archive(store, hotline.wiring.archive, OFFICE_ZONE)
            yield Books(hotline, store, keyring, archive, AuditLog(store, keyring, SystemClock()), getpass.getuser())
    finally:
        log.close()
