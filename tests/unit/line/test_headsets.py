"""Accounts that are lent to supervisors' pages: one each, and never more than there are."""

from __future__ import annotations

import asyncio

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
