"""Supervisors switch notices to all callers; nobody else does, and nothing that a caller could not be told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import redis.asyncio
from starlette.applications import Starlette

from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.queue.notices import NoticeBoard
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.notices import NoticesApi
from ivr.web.pages import Pages

TOKEN = "of-this-machine"
MACHINE = {"authorization": f"Bearer {TOKEN}", "x-ivr-user": "olga"}


@pytest.fixture
async def client(store: redis.asyncio.Redis) -> AsyncIterator[httpx.AsyncClient]:
    keyring, clock = Keyring.generate(), SystemClock()
    audit = AuditLog(store, keyring, clock)
    access = Access(Accounts(store, keyring, clock, audit), audit, lambda _: "", machine_token=TOKEN)
    api = NoticesApi(NoticeBoard(store, audit, clock), lambda: {"notice_portal_down": "Портал работает с перебоями."})
    app = Starlette(routes=list(api.routes(access, Pages([]))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hotline") as client:
        yield client


async def test_a_notice_is_switched_on_and_off(client: httpx.AsyncClient) -> None:
    on = {"prompt": "notice_portal_down", "on": True, "seconds": 60}
    answer = await client.post("/api/notices", json=on, headers=MACHINE)
    assert [(notice["prompt"], notice["by"]) for notice in answer.json()["on"]] == [("notice_portal_down", "olga")]
    answer = await client.post("/api/notices", json=on | {"on": False}, headers=MACHINE)
    assert answer.json() == {"on": [], "known": {"notice_portal_down": "Портал работает с перебоями."}}


async def test_what_callers_cannot_be_told_is_refused(client: httpx.AsyncClient) -> None:
    unknown = await client.post("/api/notices", json={"prompt": "goodbye", "on": True}, headers=MACHINE)
    assert unknown.status_code == 404
    for wrong in ("[]", "{", '{"prompt": "notice_portal_down", "on": true, "seconds": -1}', '{"on": true}'):
        assert (await client.post("/api/notices", content=wrong, headers=MACHINE)).status_code == 400
    assert (await client.get("/api/notices", headers=MACHINE)).json()["on"] == []


async def test_strangers_switch_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/notices", json={"prompt": "notice_portal_down", "on": True})).status_code == 401
    assert (await client.get("/api/notices")).status_code == 401
