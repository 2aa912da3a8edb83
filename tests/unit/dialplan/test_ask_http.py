"""Services of other systems, asked over real HTTP on the loopback: what they can do to a call, and what not."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from ivr.dialplan.ask_http import Found, HttpServices, ServiceFailed
from ivr.dialplan.services import HttpService, load_services
from ivr.errors import ConfigurationInvalid

SNILS = "112-233-445 95"


@pytest.fixture
async def answers() -> AsyncIterator[dict[str, web.StreamResponse | str]]:
    """What the service answers next (`next`), and what it was asked (`asked`)."""
    said: dict[str, web.StreamResponse | str] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        said["asked"] = request.raw_path
        said["token"] = request.headers.get("Authorization", "")
        given = said["next"]
        assert isinstance(given, web.StreamResponse)
        return given

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)  # its lines are not what is looked at
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    said["host"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield said
    await runner.cleanup()


async def ask(answers: Mapping[str, object], office: str = "12", **gives: str) -> Found:
    service = HttpService.model_validate(
        {"url": f"{answers['host']}/offices/{{office}}?day=1", "takes": {"office": "which"}, "gives": gives}
    )
    async with HttpServices({"slots": service}) as services:
        return await services.look_up("slots", {"office": office})


async def test_answers_come_with_their_types(answers: dict[str, web.StreamResponse | str]) -> None:
    answers["next"] = web.json_response({"free": 3, "open": True, "next": "2026-12-01", "more": [1]})
    found = await ask(answers, free="number", open="yes_no", next="text", absent="text")
    assert found == {"free": 3, "open": True, "next": "2026-12-01"}


async def test_what_a_caller_said_stays_a_part_of_the_path(answers: dict[str, web.StreamResponse | str]) -> None:
    answers["next"] = web.json_response({})
    await ask(answers, "../../@evil/?x=1#y", free="number")
    assert answers["asked"] == "/offices/..%2F..%2F@evil%2F%3Fx=1%23y?day=1"


async def test_who_knows_nothing_says_so(answers: dict[str, web.StreamResponse | str]) -> None:
    answers["next"] = web.Response(status=404)
    assert await ask(answers, free="number") == {}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda: web.Response(status=500), "answered 500"),
        (lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "answered 302"),
        (lambda: web.Response(text="<html>"), "not answer in JSON"),
        (lambda: web.json_response([1]), "JSON object"),
        (lambda: web.json_response({"free": "3"}), 'gave a "free" that is no number'),
        (lambda: web.json_response({"free": True}), 'gave a "free" that is no number'),
        (lambda: web.Response(body=b" " * 70_000), "more than 65536 bytes"),
    ],
)
async def test_what_does_not_fit_fails_in_a_sentence(
    answers: dict[str, web.StreamResponse | str], given: object, sentence: str
) -> None:
    assert callable(given)
    answers["next"] = given()
    with structlog.testing.capture_logs() as logs, pytest.raises(ServiceFailed, match=sentence) as failed:
        await ask(answers, SNILS, free="number")
    assert SNILS not in str(failed.value)
    assert logs == []


@pytest.mark.parametrize("office", [".", ".."])
async def test_dots_do_not_lead_to_another_path(answers: dict[str, web.StreamResponse | str], office: str) -> None:
    answers["next"] = web.json_response({})
    with pytest.raises(ServiceFailed, match="dots"):
        await ask(answers, office, free="number")
    assert "asked" not in answers


async def test_a_packed_answer_is_not_unpacked(answers: dict[str, web.StreamResponse | str]) -> None:
    packed = gzip.compress(json.dumps({"free": 3}).encode())
    answers["next"] = web.Response(body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(ServiceFailed, match="not answer in JSON"):
        await ask(answers, free="number")


@pytest.mark.parametrize("body", [b"", b'{"free":'])
async def test_who_does_not_come_to_an_end_is_not_waited_for(body: bytes) -> None:
    """It takes the call, perhaps begins to answer, and then says nothing more."""
    gone = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if body:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + body)
        await reader.read()  # until the asker hangs up
        gone.set()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    service = HttpService.model_validate({"url": f"http://127.0.0.1:{port}/", "gives": {"free": "number"}})
    async with server, asyncio.timeout(20):
        async with HttpServices({"slots": service}, longest_seconds=0.3) as services:
            with pytest.raises(ServiceFailed, match="does not answer: TimeoutError"):
                await services.look_up("slots", {})
        await gone.wait()


async def test_a_service_that_is_gone_fails_at_once(answers: dict[str, web.StreamResponse | str]) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(ServiceFailed, match="does not answer") as failed:
            await ask({"host": "http://127.0.0.1:1"}, SNILS, free="number")
    assert SNILS not in str(failed.value)


async def test_the_token_comes_from_the_environment(
    answers: dict[str, web.StreamResponse | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOTS_TOKEN", "secret")
    answers["next"] = web.json_response({})
    service = HttpService.model_validate({"url": f"{answers['host']}/", "gives": {}, "token_from": "SLOTS_TOKEN"})
    async with HttpServices({"slots": service}) as services:
        await services.look_up("slots", {})
    assert answers["token"] == "Bearer secret"


WRONG = """services:
  slots:
    url: ftp://host/
    gives: {free: number}
  evil:
    url: "https://{host}/x"
    takes: {host: anything}
    gives: {free: number}
  other:
    url: "https://host/{office}"
    gives: {free: numbr}
  mismatch:
    url: "https://host/{office}"
    gives: {free: number}
  request_status:
    url: https://host/
    gives: {free: number}
"""


def test_the_admin_is_told_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    assert load_services(file) == {}
    file.write_text(WRONG, encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as wrong:
        load_services(file)
    told = [f"{finding.line}:{finding.column} {finding.message}" for finding in wrong.value.findings]
    assert told[0] == '3:10 "ftp://host/" is not an address to ask'
    assert told[1] == '6:10 "https://{host}/x" is not an address to ask'
    assert any(line.startswith("11:19") for line in told)
    assert any("url and takes do not fit" in line for line in told)
