"""`ivr enter`: the way into the pages for whoever runs the hotline on this machine; `ivr metrics`: what is measured."""

from __future__ import annotations

import asyncio
import getpass
import sys
from typing import Annotated

import typer

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.hotline import Hotline
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.web.accounts import Accounts

_JOB = """\
scrape_configs:
  - job_name: hotline
    scrape_interval: 10s
    scheme: {scheme}
    authorization: {{type: Bearer, credentials: {token}}}
    static_configs: [{{targets: ["{target}"]}}]
"""


def enter() -> None:
    """Print a link that lets you into the web pages without an account: once, within an hour, in a role you choose."""
    sys.stdout.write(f"{asyncio.run(invitation(Hotline(Home.find())))}\n")


def metrics(
    scrape: Annotated[bool, typer.Option("--scrape", help="Print a job for prometheus.yml instead")] = False,
) -> None:
    """Print what Prometheus would read from the running hotline now."""
    hotline = Hotline(Home.find())
    if scrape:
        address = hotline.web_address.partition("://")
        sys.stdout.write(_JOB.format(scheme=address[0], target=address[2], token=hotline.metrics_token))
    else:
        sys.stdout.write(asyncio.run(hotline.ask("/metrics")))


async def invitation(hotline: Hotline) -> str:
    """The link, for this machine's user."""
    async with hotline.store() as store:
        keyring, clock = Keyring.load(hotline.wiring.keys), SystemClock()
        accounts = Accounts(store, keyring, clock, AuditLog(store, keyring, clock))
        return f"{hotline.web_address}/enter?key={await accounts.invite(getpass.getuser())}"
