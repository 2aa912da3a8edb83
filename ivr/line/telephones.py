"""Which telephones are there: Asterisk tells of their coming and going, but not of what it told to nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.line.ari import Ari
from ivr.line.events import ContactsChanged


class Telephones:
    """`accounts`: the SIP accounts whose coming and going `on_change` is told."""

    def __init__(self, ari: Ari, accounts: Sequence[str], on_change: Callable[[ContactsChanged], None]) -> None:
        self._ari = ari
        self._accounts = tuple(accounts)
        self._on_change = on_change
        self._there: set[str] = set()

    async def subscribe(self, application: str) -> None:
        """Be told from now on."""
        # Never to all of PJSIP: whatever a caller's channel says would come twice, and so would every key.
        for account in self._accounts:
            await self._ari.request(
                "POST", f"applications/{application}/subscription", eventSource=f"endpoint:PJSIP/{account}"
            )

    def changed(self, change: ContactsChanged) -> None:
        (self._there.add if change.reachable else self._there.discard)(change.endpoint)
        self._on_change(change)

    async def look(self) -> None:
        """Tell who has come and who has gone while nobody listened."""
        endpoints = await self._ari.request("GET", "endpoints/PJSIP")
        there = {str(endpoint["resource"]) for endpoint in endpoints if endpoint["state"] == "online"}
        for account in self._there.symmetric_difference(there).intersection(self._accounts):
            self.changed(ContactsChanged(account, account in there))
