"""Accounts that are lent to callers from the public page: by whom, for how long, and that each comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest

from ivr.errors import AsteriskUnavailable
from ivr.line.channels import IncomingCall
from ivr.line.visitors import KEPT_SECONDS, UNUSED_SECONDS, Visitors, VisitRefused
from ivr.virtual_time import LoopClock, run_virtually


class Passwords:
    """Those that Asterisk knows, by account; fits `ari.Ari`."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.away = False

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, **_: str | int) -> Any:
        if self.away:
            raise AsteriskUnavailable("away")
        account = path.removeprefix("asterisk/config/dynamic/res_pjsip/auth/")
        if method == "DELETE":
            del self.known[account]
        else:
            fields = {each["attribute"]: each["value"] for each in (body or {})["fields"]}
            assert (fields["username"], fields["auth_type"]) == (account, "userpass")
            self.known[account] = fields["password"]

    def events(self) -> AbstractAsyncContextManager[Any]:
        raise NotImplementedError


def visiting(course: Callable[[Visitors, Passwords], Awaitable[None]], accounts: int = 2) -> None:
    async def all_of_it() -> None:
        passwords = Passwords()
        visitors = Visitors(passwords, LoopClock(), [f"visitor-{number}" for number in range(1, accounts + 1)])
        running = asyncio.create_task(visitors.run())
        try:
            await course(visitors, passwords)
            assert not running.done()
        finally:
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtually(all_of_it())


def test_an_account_serves_one_call_and_then_nobody() -> None:
    async def course(visitors: Visitors, passwords: Passwords) -> None:
        visit, password = await visitors.begin("access")
        assert passwords.known == {visit.account: password}
        account = visit.account
        assert visitors.arrived(account, "channel-1") is visit
        assert visitors.arrived(account, "channel-2") is None, "one call at a time"
        assert visitors.arrived("visitor-2", "channel-3") is None, "it is lent to nobody"

        await asyncio.sleep(UNUSED_SECONDS * 60)
        assert passwords.known, "a talk may last"
        visitors.call_over(visit)
        await asyncio.sleep(1)
        assert passwords.known == {}
        assert visitors.arrived(account, "channel-4") is None

    visiting(course)


def test_whoever_does_not_call_loses_the_account() -> None:
    async def course(visitors: Visitors, passwords: Passwords) -> None:
        visit, _ = await visitors.begin("none")
        await asyncio.sleep(UNUSED_SECONDS - 1)
        assert passwords.known
        await asyncio.sleep(2)
        assert (passwords.known, visit.account, visitors.free) == ({}, "", 2)

    visiting(course)


def test_a_second_call_of_the_visit_keeps_its_code_and_a_late_one_does_not() -> None:
    async def course(visitors: Visitors, _: Passwords) -> None:
        first, _password = await visitors.begin("access")
        same, _password = await visitors.begin("access", first.token)
        assert (same, visitors.free) == (first, 1), "whoever has not called yet has one account all the same"
        code = first.code
        visitors.arrived(first.account, "channel-1")
        with pytest.raises(VisitRefused):
            await visitors.begin("access", first.token)
        visitors.call_over(first)
        await asyncio.sleep(KEPT_SECONDS / 2)
        again, _password = await visitors.begin("forms", first.token, "en")
        assert (again.code, again.topic, again.language, again.channel) == (code, "forms", "en", "")
        visitors.call_over(again)
        await asyncio.sleep(KEPT_SECONDS + 2)
        assert visitors.of(again.token) is None
        late, _password = await visitors.begin("forms", again.token)
        assert late.token != again.token
        assert late.code != code

    visiting(course)


def test_no_more_visits_than_accounts() -> None:
    async def course(visitors: Visitors, _: Passwords) -> None:
        await visitors.begin("none")
        with pytest.raises(VisitRefused):
            await visitors.begin("none")

    visiting(course, accounts=1)


def test_a_password_that_asterisk_did_not_take_costs_no_account() -> None:
    async def course(visitors: Visitors, passwords: Passwords) -> None:
        passwords.away = True
        with pytest.raises(AsteriskUnavailable):
            await visitors.begin("none")
        passwords.away = False
        assert visitors.free == 1
        visit, _password = await visitors.begin("none")
        passwords.away = True
        visitors.call_over(visit)
        await asyncio.sleep(1)
        assert visitors.free == 1

    visiting(course, accounts=1)


def test_the_page_is_told_of_its_own_call_and_of_a_queue_that_moves() -> None:
    async def course(visitors: Visitors, _: Passwords) -> None:
        visit, _password = await visitors.begin("none")
        visitors.arrived(visit.account, "channel-1")
        visit.call = "c1"
        changes = visit.watch()
        await anext(changes)

        visitors.observe("c1", "queued", {})
        await anext(changes)
        assert visit.phase == "waiting"
        visitors.observe("c2", "connected", {"operator": "anna"})
        await anext(changes)
        assert (visit.phase, visit.talked) == ("waiting", False), "it was another call's operator"

        for kind, data in (
            ("request_opened", {"request": "100037"}),
            ("connected", {"operator": "anna"}),
            ("transferred", {"to": "operator", "target": "boris"}),
            ("rated", {"score": 5}),
            ("ended", {}),
        ):
            visitors.observe("c1", kind, data)
        await anext(changes)
        assert (visit.phase, visit.talked, visit.rated) == ("over", True, True)
        assert (visit.request, visit.operator) == ("100037", "boris")
        await changes.aclose()
        assert not visit.watchers

    visiting(course)


@dataclass(frozen=True)
class Took:
    """A step that the call has made."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


def test_another_controller_goes_on_with_the_visit_of_a_call_and_its_page_waits_for_that() -> None:
    lent = IncomingCall(
        *("channel-1", "123", "", "sip"),
        account="visitor-2", topic="access", code="0123456789", token="known", ticket="way",
    )  # fmt: skip
    by_telephone = IncomingCall("channel-2", "123", "+79990000000", "sip")

    async def steps(call: str) -> list[Took]:
        assert call == "c1", "of no other call is there a visit"
        await asyncio.sleep(1)
        return [Took("arrived"), Took("connected", {"operator": "anna"}), Took("talk_ended")]

    async def course(visitors: Visitors, passwords: Passwords) -> None:
        passwords.known["visitor-2"] = "of before"
        asking = asyncio.create_task(visitors.find("known"))
        await asyncio.sleep(0)
        assert not asking.done()
        await visitors.take_over([("c1", lent), ("c2", by_telephone)], steps)
        visit = await asking
        assert visit
        assert visit is visitors.of_ticket("way") is visitors.of("known")
        assert (visit.call, visit.phase, visit.operator, visit.talked, visit.code) == (
            *("c1", "after", "anna", True, "0123456789"),
        )
        assert visitors.arrived("visitor-2", "channel-3") is None, "it is in its call"
        other, _ = await visitors.begin("none")
        assert (other.account, visitors.free) == ("visitor-1", 0)
        assert await visitors.find("guessed") is None

        visitors.observe("c1", "ended", {})
        await asyncio.sleep(1)
        assert "visitor-2" not in passwords.known
        assert (visitors.free, visitors.of("known")) == (1, visit)

    visiting(course)


def test_a_visit_is_gone_on_with_although_the_store_does_not_tell_how_far_it_is() -> None:
    async def nobody_answers(_: str) -> list[Took]:
        raise ConnectionResetError

    async def course(visitors: Visitors, _: Passwords) -> None:
        lent = IncomingCall("channel-1", "123", "", "sip", account="visitor-1", token="known", ticket="way")
        await visitors.take_over([("c1", lent)], nobody_answers)
        visitors.observe("c1", "queued", {})
        visit = await visitors.find("known")
        assert visit
        assert visit.phase == "waiting"

    visiting(course)


def test_visits_of_before_are_asked_for_all_at_once() -> None:
    async def course(visitors: Visitors, _: Passwords) -> None:
        asked: list[str] = []
        all_asked = asyncio.Event()

        async def steps(call: str) -> list[Took]:
            asked.append(call)
            if len(asked) == len(lent):
                all_asked.set()
            await all_asked.wait()
            return [Took("queued")]

        lent = [
            (f"c{number}", IncomingCall(f"channel-{number}", "123", "", "sip", account=account, token=account))
            for number, account in enumerate(("visitor-1", "visitor-2"))
        ]
        await visitors.take_over(lent, steps)
        assert [visit and visit.phase for visit in map(visitors.of, ("visitor-1", "visitor-2"))] == ["waiting"] * 2

    visiting(course)
