"""Supervisors' headsets: accounts of Asterisk's for pages that hear a talk, each lent to one supervisor at a time.

There is nothing to be given back: whoever asks gets the account that was asked for the longest ago, with a new
password, and a page that listens by it already goes on listening.
"""

from __future__ import annotations

from collections.abc import Sequence

from ivr.line.ari import Ari
from ivr.line.softphone import give_password

HEADSETS = tuple(f"headset-{number}" for number in range(1, 6))


class Headsets:
    """`of(supervisor)` is the account that rings in the supervisor's page, "" before the page has asked for one."""

    def __init__(self, ari: Ari, accounts: Sequence[str] = HEADSETS) -> None:
        self._ari = ari
        self._lent: dict[str, str] = dict.fromkeys(accounts, "")  # longest ago first

    def of(self, supervisor: str) -> str:
        return next((account for account, whose in self._lent.items() if whose == supervisor), "")

    async def lend(self, supervisor: str) -> tuple[str, str]:
        """Account and password for the supervisor's page; one of before is worth nothing any more."""
        account = self.of(supervisor) or next(iter(self._lent))
        del self._lent[account]  # before anything is waited for: who asks meanwhile gets another one
        self._lent[account] = supervisor
        return account, await give_password(self._ari, account)
