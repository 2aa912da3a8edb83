"""How long the report of a busy day takes, from the store to a PDF, and what a call costs in memory."""

from __future__ import annotations

import asyncio
import io
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from bench.journal_load import RECORDS_OF_A_CALL, journal_with_logs, record_step
from ivr.stats.commands import report

_CALLS = 10_000


async def measure() -> dict[str, object]:
    """Write a day's calls, then report it."""
    async with journal_with_logs() as (journal, reader):
        for number in range(_CALLS * RECORDS_OF_A_CALL):
            record_step(journal, number)
            if number % 100 == 0:
                await asyncio.sleep(0)
        while journal.health().waiting:  # noqa: ASYNC110 - a bench watches from outside
            await asyncio.sleep(0.01)
        now = datetime.now(UTC)
        begin = now - timedelta(days=1)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with tempfile.TemporaryDirectory() as name:
            began = time.perf_counter()
            records = reader.since(begin.timestamp())
            await report(records, Console(file=io.StringIO()), begin, now, now, to=Path(name) / "day.pdf")
            seconds = time.perf_counter() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    return {
        "value": round(seconds, 2),
        "unit": "s",
        "baseline": 5.0,
        "how": f"{_CALLS} calls of {RECORDS_OF_A_CALL} records, Valkey to PDF; {grown / _CALLS:.2f} kB of memory each",
    }
