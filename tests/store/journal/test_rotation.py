"""A new master key opens everything that the old one did."""

from __future__ import annotations

import redis.asyncio

from ivr.journal import keys
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.rotation import rewrap_data_keys
from ivr.journal.stream import Journal


async def test_after_rotation_the_old_master_key_is_needed_no_more(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    for number in range(1200):
        journal.record(f"c{number}", "heard", personal={"text": f"слово {number}"})
    await journal.close()
    new = keyring.rotated()

    assert await rewrap_data_keys(store, new) == 1200
    assert await rewrap_data_keys(store, new) == 0

    without_old = Keyring({new.current: new.keys[new.current]}, new.current, new.lookup)
    reader = JournalReader(store, without_old, reveal=True)
    for number in (0, 500, 1199):
        (record,) = await reader.read(f"c{number}")
        assert record.personal == {"text": f"слово {number}"}


async def test_rotation_does_not_bring_the_erased_back(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    journal.record("a", "heard", personal={"text": "слово"})
    await journal.close()
    await store.hdel(keys.DATA_KEYS, "a")

    assert await rewrap_data_keys(store, keyring.rotated()) == 0
    assert await store.hget(keys.DATA_KEYS, "a") is None
