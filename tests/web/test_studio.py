"""What the studio's page asks for: what goes live is tested, audited and never written over somebody's change."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import argon2
import httpx
import pytest
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.dialplan.live import LivePlans
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.web import csrf
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.pages import Pages
from ivr.web.studio import Studio
from ivr.web.workshop import Workshop

FILE = "dialplans/federal.yaml"
ACTS = ("check", "call", "test", "compare", "publish", "rollback")
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Desk:
    """A studio on a copy of the plans, with its live plans followed, and its visitors."""

    def __init__(self, home: Home, live: LivePlans, accounts: Accounts, audit: AuditLog, studio: Studio) -> None:
        self.home, self.live, self.audit = home, live, audit
        self._accounts = accounts
        access = Access(accounts, audit, lambda _: "")
        self._app = Starlette(routes=studio.routes(access, Pages(studio.sections)))

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[httpx.AsyncClient]:
        """An admin's browser."""
        token = await self._accounts.enter(await self._accounts.invite("test"), "admin", "admin")
        headers = {csrf.HEADER: csrf.token(token)}
        transport = httpx.ASGITransport(self._app)  # raises what a server would answer with 500
        async with httpx.AsyncClient(
            transport=transport, base_url="http://hotline", headers=headers, timeout=60
        ) as http:
            http.cookies.set("ivr_session_0", token)
            yield http

    def text(self) -> str:
        return (self.home.root / FILE).read_text(encoding="utf-8")

    async def acts(self) -> list[tuple[str, str, str]]:
        names = {"publish_plans", "roll_back_plans"}
        return [
            (entry.who, entry.action, entry.subject) async for entry in self.audit.entries() if entry.action in names
        ]


@pytest.fixture
async def door(store: redis.asyncio.Redis, tmp_path: Path) -> AsyncIterator[Desk]:
    """A studio whose plans have not been started: for what never comes to them."""
    for name in ("dialplans", "prompts", "config"):
        shutil.copytree(Home.find().root / name, tmp_path / name)
    clock, keyring = SystemClock(), Keyring.generate()
    audit = AuditLog(store, keyring, clock)
    home = Home(tmp_path)
    live = LivePlans(home, clock)
    workshop = Workshop(home)
    yield Desk(home, live, Accounts(store, keyring, clock, audit, QUICK), audit, Studio(home, live, audit, workshop))
    await workshop.close()


@pytest.fixture
async def desk(door: Desk) -> AsyncIterator[Desk]:
    await door.live.start()
    following = asyncio.create_task(door.live.follow(lambda _: None, lambda _: None))
    yield door
    following.cancel()
    await asyncio.wait({following})


async def opened(http: httpx.AsyncClient) -> Any:
    return (await http.get(f"/api/studio/file/{FILE}")).json()


async def publish(http: httpx.AsyncClient, text: str, base: str) -> httpx.Response:
    return await http.post("/api/studio/publish", json={"changes": {FILE: {"text": text, "base": base}}})


async def test_a_published_text_is_live_audited_and_can_be_taken_back(desk: Desk) -> None:
    async with desk.visitor() as http:
        read = await opened(http)
        done = await publish(http, read["text"].replace("Федеральная линия", "Новая линия"), read["base"])
        assert (done.status_code, done.json()["live"]) == (200, 2)
        assert desk.live.now.plans.by_name["federal"].title == "Новая линия"
        assert "Новая линия" in desk.text()

        back = await http.post("/api/studio/rollback", json={"version": 1})
        assert back.json() == {"live": 1}
        assert desk.live.now.plans.by_name["federal"].title == "Федеральная линия"
        assert "Новая линия" in desk.text()

        # what was turned away from goes live again when it is asked for, without a change
        again = await http.post("/api/studio/publish", json={"changes": {}})
        assert again.status_code == 200
        assert desk.live.now.plans.by_name["federal"].title == "Новая линия"
    assert [(who, action) for who, action, _ in await desk.acts()] == [
        ("admin", "publish_plans"),
        ("admin", "roll_back_plans"),
        ("admin", "publish_plans"),
    ]
    assert (await desk.acts())[0][2] == FILE
    assert not (await desk.audit.verify()).broken


@pytest.mark.parametrize("change", [("go: people", "go: peple"), ("go: english", "go: people")])
async def test_what_does_not_pass_is_not_even_saved(desk: Desk, change: tuple[str, str]) -> None:
    before = desk.text()
    async with desk.visitor() as http:
        read = await opened(http)
        answered = (await publish(http, read["text"].replace(*change, 1), read["base"])).json()

    assert answered["live"] is None
    assert not answered["tested"]["ok"]
    assert desk.text() == before
    assert desk.live.now.version.number == 1
    assert await desk.acts() == []


async def test_somebodys_change_in_between_is_shown_and_kept(desk: Desk) -> None:
    async with desk.visitor() as http:
        read = await opened(http)
        theirs = read["text"].replace("Федеральная линия", "Их линия")
        (desk.home.root / FILE).write_text(theirs, encoding="utf-8")
        refused = await publish(http, read["text"].replace("Федеральная линия", "Моя линия"), read["base"])

        assert refused.status_code == 409
        assert refused.json()["changed"][FILE]["text"] == theirs
        assert desk.text() == theirs
        now = refused.json()["changed"][FILE]["base"]
        assert (await publish(http, read["text"].replace("Федеральная линия", "Моя линия"), now)).status_code == 200


@pytest.mark.parametrize("file", ["config/ivr.yaml", "dialplans/../config/ivr.yaml", "x", "dialplans/..%2f..%2fx.yaml"])
async def test_nothing_but_plans_and_prompts_is_read_or_written(door: Desk, file: str) -> None:
    async with door.visitor() as http:
        assert (await http.get(f"/api/studio/file/{file}")).status_code == 404
        body = {"changes": {file: {"text": "x: 1\n", "base": "new"}}}
        assert (await http.post("/api/studio/publish", json=body)).status_code == 422
    assert {path.name for path in (door.home.root / "config").iterdir()} <= {"ivr.yaml", "operators.yaml"}


async def test_a_question_without_end_ends_and_the_next_is_answered(
    door: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.web.workshop.ANSWER_SECONDS", -14.0)
    async with door.visitor() as http:
        body = {"plan": "federal", "operators": "busy", "lines": ["", "", "", "/wait 99999999999"], "texts": {}}
        slow = await http.post("/api/studio/call", json=body)
        assert (slow.status_code, "слишком много времени" in slow.json()["error"]) == (422, True)
        monkeypatch.undo()
        assert (await http.post("/api/studio/check", json={"file": FILE, "texts": {}})).status_code == 200


async def test_many_questions_at_once_are_too_many(door: Desk) -> None:
    async with door.visitor() as http:
        asked = [http.post("/api/studio/check", json={"file": FILE, "texts": {}}) for _ in range(12)]
        statuses = [each.status_code for each in await asyncio.gather(*asked)]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) == 8


SOME = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([FILE, "federal", "plan: x\n"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["texts", "file", "plan", "lines", "changes", "version", FILE]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


async def test_whatever_is_sent_the_answer_is_no_fault_of_ours(desk: Desk) -> None:
    async with desk.visitor() as http:
        loop = asyncio.get_running_loop()

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(ACTS), SOME | st.binary(max_size=50))
        def send(act: str, body: Any) -> None:
            sent = {"content": body} if isinstance(body, bytes) else {"json": body}
            posted = asyncio.run_coroutine_threadsafe(http.post(f"/api/studio/{act}", **sent), loop).result(60)
            assert posted.status_code < 500

        await asyncio.to_thread(send)
        for text in ("\x00", "plan: [", "- " * 3000, "&a [*a]", "\ufeffplan: x", "{" * 5000):
            body = {"file": FILE, "texts": {FILE: text}}
            assert (await http.post("/api/studio/check", json=body)).status_code == 200
