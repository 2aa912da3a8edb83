"""Accounts that are lent to supervisors' pages: one each, and never more than there are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ivr.line.headsets import Headsets
from tests.unit.line.test_visitors import Passwords


def test_each_supervisor_has_one_and_the_oldest_is_lent_again() -> None:
    async def course() -> None:
        passwords = Passwords()
        headsets = Headsets(passwords, ("headset-1", "headset-2"))
        assert headsets.of("tamara") == ""
        first, before = await headsets.lend("tamara")
        second, _ = await headsets.lend("ilya")
        assert (headsets.of("tamara"), headsets.of("ilya")) == (first, second)

        again, password = await headsets.lend("tamara")
        assert again == first
        assert passwords.known[first] == password != before, "an older page of hers is worth nothing any more"

        third, _ = await headsets.lend("rustam")
        assert third == second, "ilya has asked for his the longest ago"
        assert headsets.of("ilya") == ""

    asyncio.run(course())


class SlowPasswords(Passwords):
    """Asterisk answers a moment later."""

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int) -> Any:
        await asyncio.sleep(0)
        return await super().request(method, path, body, **query)


def test_who_asks_at_the_same_moment_gets_another_one() -> None:
    async def course() -> None:
        headsets = Headsets(SlowPasswords(), ("headset-1", "headset-2"))
        (first, _), (second, _) = await asyncio.gather(headsets.lend("tamara"), headsets.lend("ilya"))
        assert first != second
        assert (headsets.of("tamara"), headsets.of("ilya")) == (first, second)

    asyncio.run(course())
