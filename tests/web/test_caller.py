"""The public page: what nobody in particular may do, how often, and that no visit is anybody else's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import httpx
import pytest
from aiohttp import web
from starlette.applications import Starlette
from starlette.types import Message

from ivr.app import Controller
from ivr.config import Home
from ivr.dialplan.live import LivePlans
from ivr.hotline import Hotline
from ivr.hours import ALWAYS
from ivr.request.model import Request, opened
from ivr.web.connection import Connection
from ivr.web.serving import serve
from tests.unit.line.test_visitors import Passwords

ADDRESS = "http://127.0.0.1:8088"
CODE = "0123456789"


@pytest.fixture
def whole(whole: tuple[Starlette, Controller]) -> tuple[Starlette, Controller]:
    """As if Asterisk were there: it takes all passwords."""
    _, controller = whole
    controller.visitors._ari = Passwords()
    controller.line.connected = True
    return whole


@pytest.fixture
async def page(whole: tuple[Starlette, Controller]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(whole[0]), base_url=ADDRESS) as http:
        yield http


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_page_gets_an_account_and_a_visit_of_its_own(page: httpx.AsyncClient) -> None:
    first = (await page.post("/api/call/begin", json={"topic": "forms"})).json()
    second = (await page.post("/api/call/begin", json={})).json()
    assert first["account"].startswith("visitor-")
    assert {first["visit"], first["account"], first["password"], first["telephone"]}.isdisjoint(second.values())
    assert "set-cookie" not in (await page.get("/call")).headers


async def test_no_foreign_page_begins_a_call(page: httpx.AsyncClient) -> None:
    """Without asking first, a browser sends a foreign page's form in these kinds only."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        sent = await page.post("/api/call/begin", content=b'{"topic": "forms"}', headers={"content-type": kind})
        assert sent.status_code == 400
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    allowed = await page.options("/api/call/begin", headers=asked)
    assert "access-control-allow-origin" not in allowed.headers


async def test_a_visit_that_was_planted_is_not_used(page: httpx.AsyncClient) -> None:
    begun = (await page.post("/api/call/begin", json={}, headers=bearer("planted"))).json()
    assert begun["visit"] != "planted"
    for token in ("planted", ""):
        assert (await page.get("/api/call/stream", headers=bearer(token))).status_code == 401
        assert (await page.post("/api/call/rate", json={"score": "5"}, headers=bearer(token))).status_code == 401


async def test_places_and_calls_from_one_address_are_limited(page: httpx.AsyncClient) -> None:
    answers = [(await page.post("/api/call/begin", json={})) for _ in range(11)]
    assert [each.status_code for each in answers] == [200] * 5 + [409] * 5 + [429]
    assert [each.json()["why"] for each in answers[5:]] == ["full"] * 5 + ["often"]
    assert not (await page.get("/api/call/outlook")).json()["open"]


async def test_only_a_talk_is_rated(page: httpx.AsyncClient, whole: tuple[Starlette, Controller]) -> None:
    visit = (await page.post("/api/call/begin", json={})).json()["visit"]
    for score, status in (("5", 409), ("6", 400), ("", 400), ("٥", 400)):
        answer = await page.post("/api/call/rate", json={"score": score}, headers=bearer(visit))
        assert answer.status_code == status, score


@pytest.fixture
async def telephony(home: tuple[Path, LivePlans]) -> AsyncIterator[None]:
    """Where Asterisk takes WebSockets: somebody who says everything again."""

    async def take(request: web.Request) -> web.WebSocketResponse:
        telephone = web.WebSocketResponse(protocols=("sip",))
        await telephone.prepare(request)
        async for message in telephone:
            await telephone.send_str(message.data)
        return telephone

    application = web.Application()
    application.router.add_get("/ws", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", Hotline(Home(home[0])).ports.asterisk).start()
    yield
    await runner.cleanup()


async def connected(application: Starlette, path: str, origin: str) -> str:
    """What a browser's WebSocket is told first, when a page of that origin opens it."""
    told: list[str] = []
    headers = [(b"host", ADDRESS.removeprefix("http://").encode()), (b"origin", origin.encode())]
    scope = {"type": "websocket", "path": path, "headers": headers, "subprotocols": ["sip"], "query_string": b""}
    arriving = iter([{"type": "websocket.connect"}])

    async def receive() -> Message:
        return next(arriving, {"type": "websocket.disconnect", "code": 1000})

    async def send(message: Message) -> None:
        told.append(message["type"])

    await application(scope, receive, send)
    return told[0]


@pytest.mark.usefixtures("telephony")
async def test_the_telephone_leads_nobody_in_without_a_ticket(
    page: httpx.AsyncClient, whole: tuple[Starlette, Controller]
) -> None:
    begun = (await page.post("/api/call/begin", json={})).json()
    assert await connected(whole[0], begun["telephone"], ADDRESS) == "websocket.accept"
    for path, origin in (
        ("/api/call/telephone/guessed", ADDRESS),
        (begun["telephone"], "https://evil.example"),
        (begun["telephone"], ""),
    ):
        assert await connected(whole[0], path, origin) == "websocket.close", (path, origin)


@pytest.mark.usefixtures("telephony")
async def test_a_telephone_stays_connected_and_speaks_for_itself_alone(
    page: httpx.AsyncClient, whole: tuple[Starlette, Controller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "request_seconds", 0.1)
    begun = (await page.post("/api/call/begin", json={})).json()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    serving = asyncio.create_task(serve(whole[0], "127.0.0.1", port))
    request = "OPTIONS sip:x SIP/2.0\r\nFrom: <sip:{}@x>;tag=1\r\nContent-Length: 0\r\n\r\n"
    own, foreign = (request.format(account) for account in (begun["account"], "trunk"))
    while not serving.done():
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(
                    f"ws://127.0.0.1:{port}{begun['telephone']}", protocols=("sip",), origin=f"http://127.0.0.1:{port}"
                ) as telephone,
            ):
                await asyncio.sleep(0.5)  # longer than a request may take to come
                await telephone.send_str(own)
                assert await telephone.receive_str() == own
                await telephone.send_str(foreign)
                assert (await telephone.receive()).type is aiohttp.WSMsgType.CLOSE
            break
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.05)  # it does not listen yet
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert not Connection._open


async def asked(page: httpx.AsyncClient, number: str, proof: str) -> httpx.Response:
    return await page.post("/api/call/requests", json={"number": number, "proof": proof})


async def kept(controller: Controller, number: str, call: str, caller: str) -> Request:
    moment = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Moscow"))
    person = controller.keyring.person(caller)
    request = opened(number, call, moment, ALWAYS, line="88005553535", person=person, earlier="")
    return await controller.ledger.requests.add(request)


async def test_ones_own_requests_are_shown_by_number_and_proof_alone(
    page: httpx.AsyncClient, whole: tuple[Starlette, Controller]
) -> None:
    await kept(whole[1], "100009", "c1", CODE)
    await kept(whole[1], "100014", "c2", "+7 900 123-45-67")
    answer = await asked(page, "100 009", "012 345 67 89")
    assert [each["number"] for each in answer.json()["requests"]] == ["100009"]
    assert (await asked(page, "100014", "8 (900) 123-45-67")).status_code == 200
    for number, proof, status in (
        ("100014", CODE, 404),  # somebody else's
        ("100023", CODE, 404),  # there is none
        ("100004", CODE, 400),  # no number that there could be
        ("100009", "", 400),
    ):
        assert (await asked(page, number, proof)).status_code == status, (number, proof)


async def test_nobody_tries_all_numbers_for_a_telephone(
    page: httpx.AsyncClient, whole: tuple[Starlette, Controller]
) -> None:
    answers = [await asked(page, "100009", f"790012345{number:02}") for number in range(13)]
    assert [each.status_code for each in answers] == [404] * 12 + [429]
    assert whole[1].visitors.free == 5
