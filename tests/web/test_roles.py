"""Every role against every endpoint of the whole application; changes only from our own pages; nothing ever 5xx."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import get_args
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute

from ivr.app import Controller
from ivr.clock import SystemClock
from ivr.web import csrf
from ivr.web.accounts import Accounts
from ivr.web.limits import MOST_BODY_BYTES
from ivr.web.roles import Role
from tests.web.roles import ENDLESS, GUARDED, OPEN

HOTLINE = "http://127.0.0.1:8088"
NOT_FOR_YOU = "your role does not allow this"
OUT_OF_DATE = "this page is out of date; load it again"
EVERY = sorted(key for key in GUARDED if key[1] not in ENDLESS)


@pytest.fixture
async def crowd(whole: tuple[Starlette, Controller]) -> dict[Role, Visitor]:
    return {role: await Visitor(whole[0]).enter(whole[1], role) for role in get_args(Role)}


class Visitor:
    """Somebody's browser: the session's cookie, and the CSRF token of the pages it was given."""

    def __init__(self, application: Starlette) -> None:
        transport = httpx.ASGITransport(application)
        self.http = httpx.AsyncClient(transport=transport, base_url=HOTLINE, headers={"accept": "application/json"})
        self.session = ""

    async def enter(self, controller: Controller, role: Role) -> Visitor:
        accounts = Accounts(controller.redis, controller.keyring, SystemClock(), controller.ledger.audit)
        name = "anna" if role == "operator" else ""
        form = {"key": await accounts.invite("root"), "role": role, "operator": name}
        answer = await self.http.post("/enter", data=form)
        assert answer.status_code == 303
        [(self.cookie, self.session)] = self.http.cookies.items()
        return self

    async def ask(self, method: str, path: str, *, ours: bool = True) -> httpx.Response:
        """With something in every place of the path, and, when it is to be `ours`, the page's token."""
        address = re.sub(r"\{[^}]+\}", "close", path)
        headers = {csrf.HEADER: csrf.token(self.session)} if ours and self.session else {}
        return await self.http.request(method, address, headers=headers, json={} if method == "POST" else None)


async def test_the_table_names_every_route(whole: tuple[Starlette, Controller]) -> None:
    routes: set[tuple[str, str]] = set()
    for route in whole[0].routes:
        assert isinstance(route, Route | Mount | WebSocketRoute)
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Route) else {"GET"}
        methods = {"WEBSOCKET"} if isinstance(route, WebSocketRoute) else methods
        routes |= {(method, route.path) for method in methods}

    assert routes - GUARDED.keys() - OPEN == set(), "say in tests/web/roles.py who may"
    assert GUARDED.keys() - routes == set(), "tests/web/roles.py names what is gone"


@pytest.mark.parametrize("role", get_args(Role))
async def test_every_role_gets_what_it_may_and_no_more(whole: tuple[Starlette, Controller], role: Role) -> None:
    visitor = await Visitor(whole[0]).enter(whole[1], role)
    for method, path in EVERY:
        answer = await visitor.ask(method, path)
        allowed = role in GUARDED[method, path]
        refused = answer.status_code == 403 and NOT_FOR_YOU in answer.text
        assert refused != allowed, (method, path, answer.status_code, answer.text[:200])
        assert answer.status_code < 500, (method, path)


async def test_nobody_gets_nothing(whole: tuple[Starlette, Controller]) -> None:
    stranger = Visitor(whole[0])
    for method, path in [*EVERY, *(("GET", path) for path in ENDLESS)]:
        assert (await stranger.ask(method, path)).status_code == 401, (method, path)
    stranger.http.headers["authorization"] = "Bearer guessed"
    assert (await stranger.ask("GET", "/api/status")).status_code == 401


async def test_a_change_needs_the_token_of_this_very_session(whole: tuple[Starlette, Controller]) -> None:
    changes = [(method, path) for method, path in EVERY if method != "GET"]
    assert changes
    for method, path in changes:
        [role, *_] = GUARDED[method, path]
        visitor = await Visitor(whole[0]).enter(whole[1], role)
        assert OUT_OF_DATE in (await visitor.ask(method, path, ours=False)).text
        visitor.session, own = "of somebody else", visitor.session
        assert OUT_OF_DATE in (await visitor.ask(method, path)).text
        visitor.session = own
        assert OUT_OF_DATE not in (await visitor.ask(method, path)).text


async def test_sign_out_by_a_foreign_page_ends_nothing(whole: tuple[Starlette, Controller]) -> None:
    visitor = await Visitor(whole[0]).enter(whole[1], "supervisor")
    await visitor.http.post("/api/sign-out")
    visitor.http.cookies.set(
        visitor.cookie, visitor.session, domain="127.0.0.1"
    )  # the browser forgot it; the session is still good
    assert (await visitor.ask("GET", "/api/status")).status_code == 200
    await visitor.http.post("/api/sign-out", data={csrf.FIELD: csrf.token(visitor.session)})
    visitor.http.cookies.set(visitor.cookie, visitor.session, domain="127.0.0.1")
    assert (await visitor.ask("GET", "/api/status")).status_code == 401


async def test_a_session_that_was_there_before_is_not_used_and_ends(whole: tuple[Starlette, Controller]) -> None:
    first = await Visitor(whole[0]).enter(whole[1], "auditor")
    planted = first.session
    second = Visitor(whole[0])
    second.http.cookies.set(first.cookie, planted, domain="127.0.0.1")
    await second.enter(whole[1], "supervisor")

    assert second.session != planted
    assert (await first.ask("GET", "/api/status")).status_code == 401


async def test_a_link_lets_in_once(whole: tuple[Starlette, Controller]) -> None:
    accounts = Accounts(whole[1].redis, whole[1].keyring, SystemClock(), whole[1].ledger.audit)
    form = {"key": await accounts.invite("root"), "role": "admin"}
    assert (await Visitor(whole[0]).http.post("/enter", data=form)).status_code == 303
    assert (await Visitor(whole[0]).http.post("/enter", data=form)).status_code == 403
    assert (await Visitor(whole[0]).http.post("/enter", data={"key": "guessed", "role": "admin"})).status_code == 403
    form = {"key": await accounts.invite("root"), "role": "king"}
    assert (await Visitor(whole[0]).http.post("/enter", data=form)).status_code == 400


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused_unread(whole: tuple[Starlette, Controller], announced: bool) -> None:
    visitor = await Visitor(whole[0]).enter(whole[1], "supervisor")
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 8 * MOST_BODY_BYTES:
            sent += 65_536
            yield b"x" * 65_536

    content = b"x" * (MOST_BODY_BYTES + 1) if announced else body()
    headers = {"content-type": "application/json"}
    answer = await visitor.http.post("/api/acts/close", content=content, headers=headers)
    assert answer.status_code == 413
    assert sent <= 2 * MOST_BODY_BYTES


async def test_a_body_that_cannot_be_read_carries_no_token(whole: tuple[Starlette, Controller]) -> None:
    visitor = await Visitor(whole[0]).enter(whole[1], "supervisor")
    headers = {"content-type": "application/json"}
    answer = await visitor.http.post("/api/acts/close", content=b"\xff{", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\r\nx: y"])
async def test_the_language_switch_leads_nowhere_else(whole: tuple[Starlette, Controller], back: str) -> None:
    answer = await Visitor(whole[0]).http.get("/language/en", params={"back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


ODD_TEXT = st.text(max_size=40) | st.sampled_from(
    ["", "..", "%2e%2e", "\x00", "🙂", "c1", "a" * 300, "-1", "1e99", "null"]
)
JSON = st.recursive(
    ODD_TEXT | st.integers() | st.floats() | st.none(), lambda one: st.lists(one) | st.dictionaries(ODD_TEXT, one)
)
FORM = "application/x-www-form-urlencoded"
BODIES = st.one_of(
    st.tuples(st.just("application/json"), JSON.map(lambda value: json.dumps(value).encode())),
    st.tuples(
        st.sampled_from([FORM, "application/json", "multipart/form-data; boundary=x", "x"]), st.binary(max_size=60)
    ),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("call", "queue", "topic", "operator", "priority", "limit", "role", "key"), ODD_TEXT),
        **dict.fromkeys(("number", "proof", "score"), ODD_TEXT | st.sampled_from(["100000", "100037", "89001234567"])),
    },
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    where=st.sampled_from([*EVERY, *sorted(key for key in OPEN if key[1] != "/readyz" and key[0] != "WEBSOCKET")]),
    parts=st.lists(ODD_TEXT, min_size=3, max_size=3),
    body=BODIES | FIELDS,
    query=st.dictionaries(st.sampled_from(["key", "back", "reveal", "x"]), ODD_TEXT, max_size=3),
    role=st.sampled_from(get_args(Role)),
)
async def test_random_requests_never_get_a_5xx(
    crowd: dict[Role, Visitor],
    where: tuple[str, str],
    parts: list[str],
    body: tuple[str, bytes] | dict[str, str],
    query: dict[str, str],
    role: Role,
) -> None:
    method, path = where
    for part in parts:
        path = re.sub(r"\{[^}]+\}", quote(part, safe="").replace("\\", "%5C"), path, count=1)
    visitor = crowd[role]
    headers = {csrf.HEADER: csrf.token(visitor.session)}
    http = visitor.http
    if isinstance(body, dict):
        request = http.build_request(method, path, params=query, headers=headers, json=body)
    else:
        headers["content-type"], content = body
        request = http.build_request(method, path, params=query, headers=headers, content=content)
    answer = await http.send(request)
    assert answer.status_code < 500, (method, path, body, answer.text[:300])
