"""Requests as supervisors and `ivr requests` move them, each change audited."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import httpx
import pytest
import redis.asyncio
from rich.console import Console
from starlette.applications import Starlette

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.hours import Hours
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.operator.accounts import load_accounts
from ivr.request.clerk import Clerk
from ivr.request.commands import show
from ivr.request.store import RequestStore
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.pages import Pages
from ivr.web.requests import Requests

MOSCOW = ZoneInfo("Europe/Moscow")
HEADERS = {"authorization": "Bearer token", "x-ivr-user": "olga"}


@pytest.fixture
def audit(store: redis.asyncio.Redis) -> AuditLog:
    return AuditLog(store, Keyring.generate(), SystemClock())


@pytest.fixture
def clerk(store: redis.asyncio.Redis) -> Clerk:
    hours = Hours(weekdays=((540, 1080),), time_zone="Europe/Moscow")
    return Clerk(RequestStore(store), Keyring.generate(), SystemClock(), hours, MOSCOW, lambda *_: None)


@pytest.fixture
async def client(store: redis.asyncio.Redis, audit: AuditLog, clerk: Clerk) -> AsyncIterator[httpx.AsyncClient]:
    operators = load_accounts(Home.find().config / "operators.yaml")
    accounts = Accounts(store, Keyring.generate(), SystemClock(), audit)
    access = Access(accounts, audit, lambda _: "", machine_token="token")
    requests = Requests(RequestStore(store), clerk, audit, operators, SystemClock().wall)
    app = Starlette(routes=list(requests.routes(access, Pages(requests.sections))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def number(store: redis.asyncio.Redis, clerk: Clerk) -> str:
    for kind, data in (("arrived", {"line": "1"}), ("topic", {"topic": "access"}), ("connected", {"operator": "anna"})):
        clerk.observe("a", kind, data, {"caller": "+79161234512"})
        await clerk.carry_out(clerk._steps.get_nowait())
    request = await RequestStore(store).of_call("a")
    assert request is not None
    return request.number


async def test_a_request_is_listed_moved_and_assigned(client: httpx.AsyncClient, audit: AuditLog, number: str) -> None:
    listed = (await client.get("/api/requests", headers=HEADERS)).json()
    assert [(each["number"], each["operator"], each["status"]) for each in listed] == [(number, "anna", "in_progress")]
    assert "person" not in listed[0]

    path = f"/api/requests/{number}"
    moved = await client.post(path, headers=HEADERS, json={"operator": "boris", "status": "needs_information"})
    assert (moved.json()["operator"], moved.json()["status"]) == ("boris", "needs_information")
    assert (await client.post(path, headers=HEADERS, json={"status": "done"})).status_code == 200
    assert (await client.get("/api/requests", headers=HEADERS)).json() == []
    assert (await client.get(path, headers=HEADERS)).json()["status"] == "done"

    entries = [entry async for entry in audit.entries() if entry.action == "request_change"]
    assert [(entry.who, entry.subject, entry.facts["status"]) for entry in entries] == [
        ("olga", number, "needs_information"), ("olga", number, "done"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"status": "lost"}, 400, "there is no status 'lost'"),
        ({"operator": "nobody"}, 404, "there is no operator 'nobody'"),
        ({"status": "accepted"}, 409, "cannot go from 'В обработке' to 'Принято'"),
        ([], 400, "send"),
    ],
)
async def test_what_cannot_be_is_said(
    client: httpx.AsyncClient, number: str, change: object, code: int, says: str
) -> None:
    refused = await client.post(f"/api/requests/{number}", headers=HEADERS, json=change)
    assert (refused.status_code, says in refused.json()["error"]) == (code, True)


async def test_an_unknown_number_is_404_and_strangers_see_nothing(client: httpx.AsyncClient, number: str) -> None:
    assert (await client.get("/api/requests/100007", headers=HEADERS)).status_code == 404
    assert (await client.post("/api/requests/100007", headers=HEADERS, json={"status": "done"})).status_code == 404
    for path in ("/api/requests", f"/api/requests/{number}", "/requests"):
        assert (await client.get(path)).status_code == 401


async def test_the_page_and_the_terminal_show_the_same(client: httpx.AsyncClient, number: str) -> None:
    page = (await client.get("/requests", headers=HEADERS)).text
    for shown in (number, "В обработке", "Обычное", "Не завершено", "Вход", 'href="/calls/a"'):
        assert shown in page
    assert "9161234512" not in page

    screen = io.StringIO()
    listed = (await client.get("/api/requests", headers=HEADERS)).json()
    show(listed, Console(file=screen, width=160), MOSCOW, as_json=False)
    assert number in screen.getvalue()
    assert "В обработке" in screen.getvalue()
    screen = io.StringIO()
    show(listed, Console(file=screen), MOSCOW, as_json=True)
    assert json.loads(screen.getvalue()) == listed[0]
