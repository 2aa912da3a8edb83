"""How many records a second one controller brings into the store, sealed, logged and in order."""

from __future__ import annotations

import asyncio
import time

from bench.journal_load import journal_with_logs, record_step

_RECORDS = 60_000
_AT_ONCE = 100


async def measure() -> dict[str, object]:
    """Offer records as fast as the journal takes them; stop the clock when the last one is in the store."""
    async with journal_with_logs() as (journal, _):
        began = time.perf_counter()
        for number in range(_RECORDS):
            record_step(journal, number)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        while journal.health().waiting:  # noqa: ASYNC110 - a bench watches from outside
            await asyncio.sleep(0.002)
        seconds = time.perf_counter() - began
        lost = journal.health().lost
    return {
        "value": round(_RECORDS / seconds) if not lost else 0,
        "unit": "records/s",
        "baseline": 20_000,
        "how": f"{_RECORDS} records of ordinary calls, sealed and logged, until all are in Valkey (AOF on)",
    }
