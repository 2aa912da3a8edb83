"""`ivr enter`: the way into the pages for whoever runs the hotline on this machine."""

from __future__ import annotations

import asyncio
import getpass
import sys

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.hotline import Hotline
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.web.accounts import Accounts


def enter() -> None:
    """Print a link that lets you into the web pages without an account: once, within an hour, in a role you choose."""
    sys.stdout.write(f"{asyncio.run(invitation(Hotline(Home.find())))}\n")


async def invitation(hotline: Hotline) -> str:
    """The link, for this machine's user."""
    async with hotline.store() as store:
        keyring, clock = Keyring.load(hotline.wiring.keys), SystemClock()
        accounts = Accounts(store, keyring, clock, AuditLog(store, keyring, clock))
        return f"{hotline.web_address}/enter?key={await accounts.invite(getpass.getuser())}"
