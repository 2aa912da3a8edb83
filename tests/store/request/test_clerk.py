"""Requests kept in step with calls, in a real store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis.asyncio

from ivr.clock import SystemClock
from ivr.hours import Hours
from ivr.journal.kinds import KINDS
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal
from ivr.request import clerk
from ivr.request.clerk import Clerk
from ivr.request.look_up import RequestStatus
from ivr.request.model import Request, StatusImpossible, with_status
from ivr.request.number import number, valid
from ivr.request.store import RequestStore, RequestUnknown, Standing
from tests.clock import MONDAY_NOON, SetClock

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = Hours(weekdays=((480, 1200),), time_zone="Europe/Moscow")
NUMBER = "+79161234512"


class Office:
    """The clerk, what it wrote to the journal, and steps fed one by one."""

    def __init__(self, store: redis.asyncio.Redis) -> None:
        self.clock = SetClock()
        self.keyring = Keyring.generate()
        self.requests = RequestStore(store)
        self.written: list[tuple[str, str, dict[str, Any]]] = []
        self.clerk = Clerk(self.requests, self.keyring, self.clock, OFFICE, MOSCOW, self._record)

    def _record(self, call: str, kind: str, data: Mapping[str, Any]) -> None:
        assert set(data) <= set(KINDS[kind].fields), (kind, data)
        self.written.append((call, kind, dict(data)))

    async def feed(self, call: str, *steps: tuple[str, dict[str, Any]], caller: str = NUMBER) -> None:
        for kind, data in steps:
            self.clerk.observe(call, kind, data, {"caller": caller} if kind == "arrived" else {})
        work = asyncio.create_task(self.clerk.run())
        async with asyncio.timeout(5):
            while not self.clerk._steps.empty():  # noqa: ASYNC110 - the clerk tells nobody when it is idle
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        work.cancel()

    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.written]


@pytest.fixture
def office(store: redis.asyncio.Redis) -> Office:
    return Office(store)


ARRIVED = ("arrived", {"line": "78005553535"})
TALK = (
    ("topic", {"topic": "access", "priority": 0}),
    ("connected", {"operator": "anna"}),
    ("talk_ended", {"operator": "anna"}),
    ("ended", {"outcome": "talked"}),
)


async def test_every_call_makes_a_request_with_a_number_of_its_own(office: Office) -> None:
    for call in ("a", "b", "c"):
        await office.feed(call, ARRIVED, caller="")
    requests = [await office.requests.of_call(call) for call in ("a", "b", "c")]

    numbers = [request.number for request in requests if request]
    assert len(set(numbers)) == 3
    assert all(valid(number) for number in numbers)


async def test_a_talk_and_its_result_close_the_request(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK)
    request = await office.requests.of_call("a")
    assert request is not None
    assert (request.topic, request.operator, request.status) == ("access", "anna", "in_progress")
    assert request.result_due == MONDAY_NOON + 15 * 60

    await office.feed("a", ("result", {"resolved": True}))

    assert (await office.requests.get(request.number)).status == "done"
    assert office.kinds() == ["request_opened", "request_assigned", "request_status", "request_status"]


async def test_a_repeat_caller_is_linked_and_has_a_request_of_their_own(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK)
    await office.feed("b", ARRIVED, caller="8 916 123-45-12")
    await office.feed("c", ARRIVED, caller="+79990000000")

    first, second, stranger = [await office.requests.of_call(call) for call in ("a", "b", "c")]
    assert first is not None
    assert second is not None
    assert stranger is not None
    assert second.earlier == first.number
    assert second.number != first.number
    assert stranger.earlier == ""
    person = office.keyring.person(NUMBER)
    assert [request.number for request in await office.requests.of_person(person)] == [second.number, first.number]


async def test_a_call_without_an_operator_leaves_nothing_to_do(office: Office) -> None:
    await office.feed("a", ARRIVED, ("ended", {"outcome": "left"}))
    request = await office.requests.of_call("a")

    assert request is not None
    assert request.status == "done"
    assert await office.requests.due(MONDAY_NOON + 10**9) == []


async def test_what_is_overdue_reaches_the_supervisor_once(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK)
    office.clock.now += 15 * 60 + 1
    await office.clerk.sweep()
    await office.clerk.sweep()

    overdue = [data for _, kind, data in office.written if kind == "request_overdue"]
    assert [(data["deadline"], data["late_seconds"], data["priority"]) for data in overdue] == [("result", 1.0, 1)]


async def test_the_status_is_told_to_its_person_only(office: Office) -> None:
    await office.feed("a", ARRIVED)
    request = await office.requests.of_call("a")
    assert request is not None
    owner, stranger = office.keyring.person(NUMBER), office.keyring.person("+79990000000")

    assert await office.requests.proven("999999", owner) is None
    assert (await office.requests.proven(request.number, owner)) == request
    for _ in range(3):
        assert await office.requests.proven(request.number, stranger) is None
    assert await office.requests.proven(request.number, owner) is None  # locked for an hour


async def test_nobody_tries_out_requests_against_a_forged_number(office: Office) -> None:
    """Who shows another's telephone, or types it, and goes through the numbers of requests, meets an end soon."""
    await office.feed("a", ARRIVED)
    request = await office.requests.of_call("a")
    assert request is not None
    victim = office.keyring.person(NUMBER)

    for count in (7, 8, 9):  # other numbers, of nobody's requests
        assert await office.requests.proven(number(count), victim) is None
    assert await office.requests.proven(request.number, victim) is None
    assert (await office.requests.get(request.number)).person == victim


async def test_another_telephone_proves_by_the_number_of_the_first(office: Office) -> None:
    await office.feed("a", ARRIVED)
    request = await office.requests.of_call("a")
    assert request is not None
    asked = RequestStatus(office.requests, office.keyring, MOSCOW)

    async def told(caller: str, **arguments: str) -> Mapping[str, str]:
        return await asked.look_up({"number": request.number, **arguments}, caller)

    assert (await told(NUMBER))["status"] == "accepted"
    for _ in range(4):
        assert await told("anonymous") == {}  # nobody to tell anything; and it locks out nobody else
    assert await told("+79990000000") == {}
    assert (await told("", telephone="89161234512"))["status"] == "accepted"
    assert (await told("+79990000000", telephone="79161234512"))["answer_date"] == "2026-11-23"
    assert await told("", telephone="79161234513") == {}
    assert await told("", telephone="79161234514") == {}
    assert await told("", telephone="79161234512") == {}  # three were wrong: nobody is told for an hour


async def test_deadlines_are_noticed_however_busy_the_line_is(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clerk, "_SWEEP_SECONDS", 0.05)
    await office.feed("a", ARRIVED, *TALK)
    office.clock.now += 15 * 60 + 1
    work = asyncio.create_task(office.clerk.run())
    async with asyncio.timeout(10):
        while office.clerk.standing.late == 0:
            office.clerk.observe("b", "topic", {"topic": "access"}, {})
            await asyncio.sleep(0.005)
    work.cancel()

    assert "request_overdue" in office.kinds()
    assert office.clerk.standing == Standing(open=1, late=1)


async def test_the_supervisor_sees_what_is_to_do_the_most_urgent_first(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK)
    await office.feed(
        "b", ARRIVED, ("topic", {"topic": "security", "priority": 2}), ("connected", {"operator": "anna"})
    )
    await office.feed("c", ARRIVED, ("ended", {"outcome": "left"}))

    assert [request.call for request in await office.requests.open()] == ["b", "a"]
    assert await office.requests.standing() == Standing(open=2, late=0)
    office.clock.now += 31 * 60
    await office.clerk.sweep()
    late = await office.requests.open()
    assert [(request.call, request.priority, request.late) for request in late] == [
        ("b", 2, ("answer",)),
        ("a", 1, ("result",)),
    ]
    assert await office.requests.standing() == Standing(open=2, late=2)
    await office.clerk.set_status(late[0].number, "done")
    assert await office.requests.standing() == Standing(open=1, late=1)


async def test_the_rating_and_what_the_operator_found_are_with_the_request(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK, ("result", {"resolved": False}), ("rated", {"score": 4, "operator": "anna"}))
    request = await office.requests.of_call("a")

    assert request is not None
    assert (request.resolved, request.score, request.status) == (False, 4, "in_progress")


async def test_what_is_passed_to_specialists_has_a_day(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK, ("result", {"resolved": False, "category": "escalation"}))
    request = await office.requests.of_call("a")

    assert request is not None
    assert (request.request_class, request.answer_due) == ("complex", MONDAY_NOON + 24 * 3600)


async def test_a_request_changes_hands_and_comes_back(office: Office) -> None:
    await office.feed("a", ARRIVED, *TALK, ("result", {"resolved": True}))
    request = await office.requests.of_call("a")
    assert request is not None
    with pytest.raises(StatusImpossible, match="is done"):
        await office.clerk.assign(request.number, "boris")
    office.clock.now += 3600
    again = await office.clerk.set_status(request.number, "in_progress", "olga")
    assert again.answer_due == MONDAY_NOON + 5 * 3600  # four working hours anew
    await office.clerk.assign(request.number, "boris")

    assert (await office.requests.get(request.number)).operator == "boris"
    assert office.written[-1] == ("a", "request_assigned", {"request": request.number, "operator": "boris"})


async def test_steps_that_a_dead_controller_did_not_come_to_are_made_up_from_the_journal(
    office: Office, store: redis.asyncio.Redis, tmp_path: Path
) -> None:
    await office.requests.set_done_until(time.time() - 60)
    journal = Journal(store, SystemClock(), office.keyring, tmp_path / "spool")
    await journal.start()
    journal.record("a", "arrived", data=ARRIVED[1], personal={"caller": NUMBER})
    journal.record("a", "topic", data={"topic": "access", "priority": 0})
    journal.record("a", "connected", data={"operator": "anna"})
    await journal.close()
    office.clerk._began = time.time() + 1

    await office.clerk.catch_up(JournalReader(store, office.keyring, reveal=True))
    await office.clerk.catch_up(JournalReader(store, office.keyring, reveal=True))  # twice is as good
    await office.feed("b")

    request = await office.requests.of_call("a")
    assert request is not None
    assert (request.person, request.operator) == (office.keyring.person(NUMBER), "anna")
    assert office.kinds() == ["request_opened", "request_assigned", "request_status"]


async def test_old_requests_forget_their_person_and_then_go(office: Office) -> None:
    await office.feed("a", ARRIVED, ("ended", {"outcome": "left"}))
    await office.feed("b", ARRIVED)
    done, still_open = [await office.requests.of_call(call) for call in ("a", "b")]
    assert done is not None
    assert still_open is not None
    person = office.keyring.person(NUMBER)

    assert await office.requests.purge(MONDAY_NOON, MONDAY_NOON) == 0
    assert len(await office.requests.of_person(person)) == 2
    assert await office.requests.purge(MONDAY_NOON + 1, MONDAY_NOON) == 0
    assert await office.requests.of_person(person) == []
    assert (await office.requests.get(done.number)).person == ""
    assert await office.requests.purge(MONDAY_NOON + 1, MONDAY_NOON + 1) == 1
    assert await office.requests.of_call("a") is None
    assert (await office.requests.get(still_open.number)).status == "accepted"


async def test_two_at_once_lose_nothing(office: Office) -> None:
    await office.feed("a", ARRIVED)
    request = await office.requests.of_call("a")
    assert request is not None

    def raised(current: Request) -> Request:
        return replace(current, priority=current.priority + 1)

    await asyncio.gather(*(office.requests.change(request.number, raised) for _ in range(10)))

    assert (await office.requests.get(request.number)).priority == 10


async def test_impossible_and_unknown_are_errors(office: Office) -> None:
    with pytest.raises(RequestUnknown):
        await office.requests.get("100007")
    await office.feed("a", ARRIVED, ("ended", {"outcome": "left"}))
    request = await office.requests.of_call("a")
    assert request is not None
    with pytest.raises(StatusImpossible):
        await office.clerk.set_status(request.number, "accepted")
    assert with_status(request, "in_progress").status == "in_progress"


async def test_no_number_of_a_caller_is_in_the_store(office: Office, store_port: int) -> None:
    await office.feed("a", ARRIVED)

    async with redis.asyncio.Redis(host="127.0.0.1", port=store_port, decode_responses=True) as store:
        held = [await store.hgetall(key) async for key in store.scan_iter("{ivr}:request:1*")]
        keys = [key async for key in store.scan_iter()]
    assert held
    assert "9161234512" not in f"{held}{keys}"
