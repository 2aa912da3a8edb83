"""A journal on the real store; its own server where a test takes the store away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import redis.asyncio

from ivr.clock import Clock, SystemClock
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring.generate()


@pytest.fixture
def spool_directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def new_journal(store: redis.asyncio.Redis, keyring: Keyring, spool_directory: Path) -> Callable[..., Journal]:
    def new(
        writer: str = "",
        client: redis.asyncio.Redis = store,
        clock: Clock | None = None,
        keyring: Keyring = keyring,
    ) -> Journal:
        return Journal(client, clock or SystemClock(), keyring, spool_directory, writer=writer)

    return new


@pytest.fixture
async def journal(new_journal: Callable[..., Journal]) -> AsyncIterator[Journal]:
    journal = new_journal()
    await journal.start()
    yield journal
    await journal.close()


@pytest.fixture
def reader(store: redis.asyncio.Redis, keyring: Keyring) -> JournalReader:
    return JournalReader(store, keyring, reveal=True)
