"""The web interface over real HTTP on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from pathlib import Path

import argon2
import httpx
import pytest
import redis.asyncio

from ivr.clock import SystemClock
from ivr.errors import SetupFailed
from ivr.journal.audit import AuditLog
from ivr.journal.kinds import KINDS
from ivr.journal.privacy import Keyring
from ivr.journal.record import Record
from ivr.provision.web_libraries import BUNDLED, COPIED
from ivr.stats.today import Today
from ivr.web import server, words
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.board import Board
from ivr.web.live import Feed
from ivr.web.serving import serve
from ivr.web.status import CallStatus, PartStatus, Status, TodayStatus, WaitingStatus
from tests.certificate import self_signed
from tests.ports import free_port

TOKEN = "the-machines-own"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
QUIET = TodayStatus(0, 0, 0, 0, 0)
STATIC = Path(server.__file__).parent / "static"


class Hotline:
    """What the pages show; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.asterisk = PartStatus(True)
        self.failing = False

    async def status(self) -> Status:
        self.asked += 1
        if self.failing:
            raise ConnectionError("no store")
        return Status(
            at=100.0 + self.asked,
            lines=(),
            calls=(CallStatus("c1", "78005553535", "access", "queued", 95.0, 90.0),),
            waiting=(WaitingStatus("c1", 1, "access", 95.0),),
            operators=(),
            store=PartStatus(True),
            asterisk=self.asterisk,
            speech=PartStatus(False, "no worker"),
            today=QUIET,
        )

    async def read(self, call: str) -> Sequence[Record]:
        return [Record("c1", 1, "answered", "", 1.0, 1.0)] if call == "c1" else []


@pytest.fixture
def hotline() -> Hotline:
    return Hotline()


@pytest.fixture
def feed(hotline: Hotline) -> Feed:
    return Feed(hotline.status)


def board(hotline: Hotline, feed: Feed | None = None) -> Board:
    today = Today(UTC, 0.0)
    return Board(hotline.status, hotline.read, hotline.read, feed or Feed(hotline.status), lambda: today)


@pytest.fixture
def access(store: redis.asyncio.Redis) -> Access:
    clock, keyring = SystemClock(), Keyring.generate()
    audit = AuditLog(store, keyring, clock)
    return Access(Accounts(store, keyring, clock, audit, QUICK), audit, lambda _: "", machine_token=TOKEN)


@pytest.fixture
async def client(hotline: Hotline, feed: Feed, access: Access) -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    app = server.build(board(hotline, feed), hotline.status, access=access)
    task = asyncio.create_task(serve(app, "127.0.0.1", port))
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5, headers=headers) as client:
        await listening(port)
        yield client
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_the_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/")

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    text = page.text + "".join(path.read_text() for path in (STATIC / "site.css", STATIC / "wallboard.js"))
    found = re.findall(r"\b(?:src|href)=[\"']([^\"'#]+)|(?:\burl|import|EventSource)\W*\(?[\"']([^\"'#]+)", text)
    addresses = {one or other for one, other in found}
    assert addresses
    for address in addresses:
        assert address.startswith(("/", "data:")), address
        if address.startswith("/static/vendor"):
            assert address.removeprefix("/static/vendor/") in {*BUNDLED, *COPIED}  # what the setup makes
        elif address.startswith("/static"):
            assert (await client.get(address)).status_code == 200


async def test_every_step_of_a_call_has_words_on_the_page() -> None:
    said = set(words.STEPS)
    assert {name for name, kind in KINDS.items() if kind.subject == "call"} <= said


async def test_scripts_are_sent_packed_once_and_then_only_asked_about(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/site.css")
    assert first.headers["content-encoding"] == "gzip"
    assert first.content == (STATIC / "site.css").read_bytes()
    again = await client.get("/static/site.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await client.get("/static/site.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert (await client.get("/static/../server.py")).status_code == 404
    assert (await client.get("/static/%2e%2e/server.py")).status_code == 404
    assert (await client.get("/static/none.js")).status_code == 404


async def test_status_has_the_promised_keys(client: httpx.AsyncClient) -> None:
    status = (await client.get("/api/status")).json()

    assert {"lines", "calls", "waiting", "operators", "store", "asterisk", "speech", "today", "at"} <= set(status)
    assert status["waiting"][0]["position"] == 1


async def test_watchers_share_snapshots_and_changes_come_at_once(
    client: httpx.AsyncClient, hotline: Hotline, feed: Feed
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(client.stream("GET", "/api/status/stream")) for _ in range(20)]
        lines = [stream.aiter_lines() for stream in streams]
        first = [await next_snapshot(stream) for stream in lines]
        before = hotline.asked
        feed.changed()
        second = [await next_snapshot(stream) for stream in lines]

    assert all(later["at"] > earlier["at"] for earlier, later in zip(first, second, strict=True))
    assert before <= 3
    assert hotline.asked <= 6  # not one a watcher


async def test_nobody_watching_nothing_asked(client: httpx.AsyncClient, hotline: Hotline) -> None:
    async with client.stream("GET", "/api/status/stream") as stream:
        await next_snapshot(stream.aiter_lines())
    await asyncio.sleep(0.3)
    asked = hotline.asked
    await asyncio.sleep(1.5)

    assert hotline.asked <= asked + 1


async def test_a_failing_snapshot_does_not_end_the_stream(client: httpx.AsyncClient, hotline: Hotline) -> None:
    async with client.stream("GET", "/api/status/stream") as stream:
        lines = stream.aiter_lines()
        await next_snapshot(lines)
        hotline.failing = True
        await asyncio.sleep(1.2)
        hotline.failing = False

        assert (await next_snapshot(lines))["at"] > 100


async def test_ready_says_which_part_is_away(
    client: httpx.AsyncClient, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_LOOK_AGAIN_SECONDS", 0.0)
    assert (await client.get("/healthz")).status_code == 200
    ready = await client.get("/readyz")
    assert ready.status_code == 200  # keys still work without speech
    assert "speech: away no worker" in ready.text

    hotline.asterisk = PartStatus(False, "connection refused")
    ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert "asterisk: away connection refused" in ready.text


async def test_however_many_ask_the_parts_are_looked_at_once(
    client: httpx.AsyncClient, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_LOOK_AGAIN_SECONDS", 60.0)
    before = hotline.asked
    await asyncio.gather(*(client.get("/readyz") for _ in range(5)))
    assert hotline.asked == before + 1


async def test_a_calls_journal_or_404(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/journal/c1")).json()[0]["kind"] == "answered"
    assert (await client.get("/api/journal/c2")).status_code == 404


async def test_another_hosts_name_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/status", headers={"host": "evil.example"})).status_code == 400


async def test_beyond_the_loopback_only_with_tls(hotline: Hotline, access: Access) -> None:
    with pytest.raises(SetupFailed, match="without TLS"):
        await serve(server.build(board(hotline), hotline.status, access=access), "0.0.0.0", free_port())  # noqa: S104 - that is the point


async def test_a_taken_port_is_a_sentence(hotline: Hotline, access: Access) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SetupFailed, match="cannot listen"):
        await serve(server.build(board(hotline), hotline.status, access=access), "127.0.0.1", taken.getsockname()[1])


async def test_tls_is_1_3_only(hotline: Hotline, access: Access, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    await asyncio.to_thread(self_signed, certificate, key)
    port = free_port()
    task = asyncio.create_task(
        serve(
            server.build(board(hotline), hotline.status, access=access),
            "127.0.0.1",
            port,
            certificate=certificate,
            private_key=key,
        )
    )
    await listening(port)

    def negotiated(version: str) -> str:
        run = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", version],
            input=b"", capture_output=True, timeout=10, check=False,
        )  # fmt: skip
        return run.stdout.decode()

    assert "TLSv1.3" in await asyncio.to_thread(negotiated, "-tls1_3")
    assert "Cipher is (NONE)" in await asyncio.to_thread(negotiated, "-tls1_2")
    task.cancel()
    await asyncio.wait({task})


async def next_snapshot(lines: AsyncIterator[str]) -> dict[str, float]:
    async with asyncio.timeout(5):
        async for line in lines:
            if line.startswith("data: "):
                snapshot: dict[str, float] = json.loads(line.removeprefix("data: "))
                return snapshot
    raise AssertionError("the stream ended")


async def listening(port: int) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
