"""Asked about every call of a whole run: is its journal the whole story, and is nothing personal in any log?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from redis.asyncio import Redis

from ivr.journal.fold import contradictions
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader

_EVERY_CALL = 1_000_000
_SHORTEST_TELLING = 7  # shorter ones are ordinary words that logs use as well


async def journal_contradictions(store: Redis, keyring: Keyring, live: Iterable[str] = ()) -> list[str]:
    """What cannot be in the journals of all calls; calls that are not `live` must have ended."""
    reader = JournalReader(store, keyring, reveal=True)
    found: list[str] = []
    for call in await reader.calls(limit=_EVERY_CALL):
        found += contradictions(await reader.read(call), over=call not in live)
    return found


async def personal_data_in_logs(store: Redis, keyring: Keyring, files: Iterable[Path]) -> list[str]:
    """Personal facts of any call that a log file shows; files are read whole. Call before the store stops."""
    reader = JournalReader(store, keyring, reveal=True)
    facts: set[str] = set()
    calls = await reader.calls(limit=_EVERY_CALL)
    for call in calls:
        for record in await reader.read(call):
            facts |= {value for value in record.personal.values() if len(value) >= _SHORTEST_TELLING}
    if calls and not facts:
        return ["no call told anything personal: the search would prove nothing"]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file()}
    return [f"{path.name}: {fact}" for path, text in texts.items() for fact in facts if fact in text]
