"""Who gets in, and who sees what: every role against every endpoint."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from typing import Literal, get_args

import argon2
import httpx
import pyotp
import pytest
import redis.asyncio

from ivr.errors import IvrError
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.record import Record
from ivr.stats.today import Today
from ivr.web import server
from ivr.web.access import Access
from ivr.web.accounts import Accounts, Enrolled, SignInRefused
from ivr.web.board import Board
from ivr.web.live import Feed
from ivr.web.roles import ROLES, Permission, Role
from ivr.web.status import PartStatus, Status, TodayStatus
from tests.clock import SetClock

PASSWORD = "correct horse battery staple"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def audit(store: redis.asyncio.Redis, clock: SetClock) -> AuditLog:
    return AuditLog(store, Keyring.generate(), clock)


@pytest.fixture
def accounts(store: redis.asyncio.Redis, clock: SetClock, audit: AuditLog) -> Accounts:
    return Accounts(store, Keyring.generate(), clock, audit, QUICK)


@pytest.fixture
async def anna(accounts: Accounts) -> Enrolled:
    return await accounts.add("root", "anna", "supervisor", PASSWORD)


def code(enrolled: Enrolled, clock: SetClock) -> str:
    return pyotp.TOTP(enrolled.secret).at(int(clock.now))


def wrong_code(enrolled: Enrolled, clock: SetClock) -> str:
    right = {pyotp.TOTP(enrolled.secret).at(int(clock.now) + 30 * step) for step in (-1, 0, 1)}
    return next(each for each in ("000000", "111111", "222222", "333333") if each not in right)


async def test_both_factors_make_a_session(accounts: Accounts, anna: Enrolled, clock: SetClock) -> None:
    token = await accounts.sign_in("anna", PASSWORD, code(anna, clock))

    assert await accounts.of(token) == anna.account
    assert await accounts.of("another") is None
    await accounts.sign_out(token)
    assert await accounts.of(token) is None


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
async def test_a_wrong_name_or_password_says_nothing_about_which(
    accounts: Accounts, anna: Enrolled, clock: SetClock, name: str, password: str
) -> None:
    with pytest.raises(SignInRefused) as refused:
        await accounts.sign_in(name, password, code(anna, clock))
    assert str(refused.value) == str(SignInRefused())


class Crowded(argon2.PasswordHasher):
    """Knows how many passwords were checked at the same time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._room = threading.Lock()
        self.now = self.most = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 -- the library's name
        with self._room:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)  # others come in meanwhile, if they may
        with self._room:
            self.now -= 1
        return super().verify(hash, password)


async def test_a_flood_of_passwords_takes_two_threads_and_no_more(
    store: redis.asyncio.Redis, clock: SetClock, audit: AuditLog
) -> None:
    hasher = Crowded()
    accounts = Accounts(store, Keyring.generate(), clock, audit, hasher)
    tries = [accounts.sign_in(f"nobody{number}", PASSWORD, "000000") for number in range(20)]
    assert all(isinstance(end, SignInRefused) for end in await asyncio.gather(*tries, return_exceptions=True))
    assert hasher.most == 2


async def test_a_code_is_good_once(accounts: Accounts, anna: Enrolled, clock: SetClock) -> None:
    once = code(anna, clock)
    await accounts.sign_in("anna", PASSWORD, once)
    with pytest.raises(SignInRefused):
        await accounts.sign_in("anna", PASSWORD, once)


async def test_an_old_code_is_no_good(accounts: Accounts, anna: Enrolled, clock: SetClock) -> None:
    old = code(anna, clock)
    clock.now += 90
    with pytest.raises(SignInRefused):
        await accounts.sign_in("anna", PASSWORD, old)


async def test_three_wrong_codes_lock_until_an_admin_unlocks(
    accounts: Accounts, anna: Enrolled, clock: SetClock, audit: AuditLog
) -> None:
    for _ in range(2):
        with pytest.raises(SignInRefused):
            await accounts.sign_in("anna", PASSWORD, wrong_code(anna, clock))
    await accounts.sign_in("anna", PASSWORD, code(anna, clock))  # two are forgiven
    clock.now += 60
    for _ in range(3):
        with pytest.raises(SignInRefused):
            await accounts.sign_in("anna", PASSWORD, wrong_code(anna, clock))
    clock.now += 60
    with pytest.raises(SignInRefused):
        await accounts.sign_in("anna", PASSWORD, code(anna, clock))

    await accounts.unlock("root", "anna")
    clock.now += 60
    await accounts.sign_in("anna", PASSWORD, code(anna, clock))
    assert [entry.action async for entry in audit.entries() if "lock" in entry.action] == [
        "account_locked",
        "account_unlock",
    ]


async def test_three_wrong_codes_at_once_lock_too(accounts: Accounts, anna: Enrolled, clock: SetClock) -> None:
    wrong = wrong_code(anna, clock)
    await asyncio.gather(*(accounts.sign_in("anna", PASSWORD, wrong) for _ in range(3)), return_exceptions=True)

    with pytest.raises(SignInRefused):
        await accounts.sign_in("anna", PASSWORD, code(anna, clock))


async def test_a_session_ends_after_half_a_day_when_locked_and_when_removed(
    accounts: Accounts, anna: Enrolled, clock: SetClock
) -> None:
    token = await accounts.sign_in("anna", PASSWORD, code(anna, clock))
    clock.now += 12 * 3600
    assert await accounts.of(token) is None
    token = await accounts.sign_in("anna", PASSWORD, code(anna, clock))
    await accounts.remove("root", "anna")
    assert await accounts.of(token) is None


async def test_neither_password_nor_secret_nor_token_is_in_the_store(
    accounts: Accounts, anna: Enrolled, clock: SetClock, store_port: int
) -> None:
    token = await accounts.sign_in("anna", PASSWORD, code(anna, clock))
    async with redis.asyncio.Redis(host="127.0.0.1", port=store_port, decode_responses=True) as store:
        text = ""
        async for key in store.scan_iter():
            held = await store.hgetall(key) if await store.type(key) == "hash" else ""
            text += f"{key} {held}"

    assert "argon2id" in text
    assert [secret for secret in (PASSWORD, anna.secret, token) if secret in text] == []


async def test_accounts_need_a_role_and_a_password_worth_the_name(accounts: Accounts, anna: Enrolled) -> None:
    with pytest.raises(IvrError, match="no role"):
        await accounts.add("root", "boris", "king", PASSWORD)  # type: ignore[arg-type]  # what a command line may bring
    with pytest.raises(IvrError, match="at least 12"):
        await accounts.add("root", "boris", "admin", "short")
    with pytest.raises(IvrError, match="already"):
        await accounts.add("root", "anna", "admin", PASSWORD)


async def test_a_second_factor_survives_a_new_master_key(
    store: redis.asyncio.Redis, clock: SetClock, audit: AuditLog
) -> None:
    ring = Keyring.generate()
    accounts = Accounts(store, ring, clock, audit, QUICK)
    anna = await accounts.add("root", "anna", "supervisor", PASSWORD)
    await accounts.sign_in("anna", PASSWORD, code(anna, clock))
    new = ring.rotated()
    assert await accounts.rewrap(new) == 1

    clock.now += 60
    only_new = Keyring({new.current: new.keys[new.current]}, new.current, new.lookup)
    assert await Accounts(store, only_new, clock, audit, QUICK).sign_in("anna", PASSWORD, code(anna, clock))


# --- every role against every endpoint ---

ENDPOINTS: dict[str, Permission] = {
    "/": "see_status",
    "/api/status": "see_status",
    "/api/journal/c1": "read_call",
    "/api/journal/c1?reveal=1": "reveal_call",
    "/api/journal/inhand": "read_call",
    "/api/journal/inhand?reveal=1": "reveal_call",
}
ALLOWED: dict[Role, set[str]] = {
    "operator": {"/", "/api/status", "/api/journal/inhand", "/api/journal/inhand?reveal=1"},
    "supervisor": set(ENDPOINTS),
    "monitor": set(),
    "admin": {path for path in ENDPOINTS if "reveal" not in path},
    "auditor": {path for path in ENDPOINTS if "reveal" not in path},
}


async def status() -> Status:
    fine = PartStatus(True)
    return Status(1.0, (), (), (), (), fine, fine, fine, TodayStatus(0, 0, 0, 0, 0))


async def read(call: str) -> Sequence[Record]:
    return [Record(call, 1, "arrived", "", 1.0, 1.0, {"line": "1"}, {"caller": "+7 9** ***-**-12"})]


async def reveal(call: str) -> Sequence[Record]:
    return [Record(call, 1, "arrived", "", 1.0, 1.0, {"line": "1"}, {"caller": "+79161234512"})]


def board() -> Board:
    today = Today(UTC, 0.0)
    return Board(status, read, reveal, Feed(status), lambda: today)


@pytest.fixture
async def client(accounts: Accounts, audit: AuditLog) -> AsyncIterator[httpx.AsyncClient]:
    def in_hand(operator: str) -> str:
        return "inhand" if operator == "operator" else ""

    app = server.build(board(), status, access=Access(accounts, audit, in_hand), hosts=["hotline"])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hotline") as client:
        yield client


async def sign_in(client: httpx.AsyncClient, accounts: Accounts, clock: SetClock, role: Role) -> None:
    enrolled = await accounts.add("root", role, role, PASSWORD)
    fields = {"name": role, "password": PASSWORD, "code": code(enrolled, clock)}
    answer = await client.post("/api/sign-in", json=fields)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize("role", get_args(Role))
async def test_every_role_sees_what_it_may_and_no_more(
    client: httpx.AsyncClient, accounts: Accounts, clock: SetClock, audit: AuditLog, role: Role
) -> None:
    await sign_in(client, accounts, clock, role)
    for path in ENDPOINTS:
        answer = await client.get(path)
        assert answer.status_code == (200 if path in ALLOWED[role] else 403), path
        if "journal" in path and path in ALLOWED[role]:
            assert ("9161234512" in answer.text) == ("reveal" in path)

    looked = [(entry.action, entry.subject) async for entry in audit.entries() if entry.who == role]
    for path, permission in ENDPOINTS.items():
        if permission != "see_status":
            call = path.split("/")[3].partition("?")[0]
            assert (permission if path in ALLOWED[role] else f"{permission}_refused", call) in looked


@pytest.mark.parametrize("path", [*ENDPOINTS, "/api/audit/stream", "/api/status/stream"])
async def test_without_a_session_nothing_but_health_and_the_way_in(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"accept": "application/json"})).status_code == 401
    sent = await client.get(path, headers={"accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
    for open_path in ("/healthz", "/readyz", "/sign-in", "/static/sign-in.js", "/static/site.css"):
        assert (await client.get(open_path)).status_code == 200


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b'{"name":"anna"}', "application/json"),
        (b"name=anna&password=x&code=1", "application/x-www-form-urlencoded"),
        (b'{"name":"a","password":"b","code":"c"}', "text/plain"),
    ],
)
async def test_anything_else_than_the_form_is_refused(client: httpx.AsyncClient, content: bytes, kind: str) -> None:
    answer = await client.post("/api/sign-in", content=content, headers={"content-type": kind})
    assert answer.status_code == 400


async def test_a_wrong_sign_in_is_403_and_no_cookie(
    client: httpx.AsyncClient, accounts: Accounts, anna: Enrolled
) -> None:
    answer = await client.post("/api/sign-in", json={"name": "anna", "password": "x", "code": "1"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_no_role_sees_everything() -> None:
    everything = set(get_args(Permission))
    for role, permissions in ROLES.items():
        assert permissions < everything, role
