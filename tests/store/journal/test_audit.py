"""The audit log: whatever is done to it behind its back shows."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, cast

import pytest
import redis.asyncio

from ivr.journal import keys
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from tests.clock import SetClock

DAY = 86_400.0


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def audit(store: redis.asyncio.Redis, keyring: Keyring, clock: SetClock) -> AuditLog:
    return AuditLog(store, keyring, clock)


async def write(audit: AuditLog, count: int = 5) -> list[str]:
    return [await audit.note("anna", "read_call", f"call{number}", {"reason": "жалоба"}) for number in range(count)]


async def raw(store: redis.asyncio.Redis) -> list[tuple[bytes, dict[Any, Any]]]:
    return cast("list[tuple[bytes, dict[Any, Any]]]", await store.xrange(keys.AUDIT))


async def test_an_untouched_log_holds(audit: AuditLog) -> None:
    hashes = await write(audit)
    found = await audit.verify(head=hashes[2])

    assert (found.entries, found.head, found.broken) == (5, hashes[-1], "")
    assert [entry.subject async for entry in audit.entries()] == [f"call{number}" for number in range(5)]


async def test_a_whole_shift_writes_at_once(audit: AuditLog) -> None:
    await asyncio.gather(*(audit.note(f"operator-{number}", "reveal_call", "call") for number in range(200)))
    found = await audit.verify()
    assert (found.entries, found.broken) == (200, "")


async def test_an_empty_log_holds(audit: AuditLog) -> None:
    assert (await audit.verify()).broken == ""


@pytest.mark.parametrize("place", range(5))
async def test_a_deleted_entry_shows(audit: AuditLog, store: redis.asyncio.Redis, place: int) -> None:
    await write(audit)
    await store.xdel(keys.AUDIT, (await raw(store))[place][0])

    assert (await audit.verify()).broken


async def test_a_changed_entry_shows(audit: AuditLog, store: redis.asyncio.Redis) -> None:
    await write(audit)
    entries = await raw(store)
    await store.delete(keys.AUDIT)
    for number, (entry_id, fields) in enumerate(entries):
        if number == 2:
            fields[b"entry"] = fields[b"entry"].replace(b"anna", b"olga")
        await store.xadd(keys.AUDIT, fields, id=entry_id)

    assert "entry 3 (olga, read_call): was changed" in (await audit.verify()).broken


async def test_a_forged_end_shows_against_a_noted_head(audit: AuditLog, store: redis.asyncio.Redis) -> None:
    hashes = await write(audit)
    await store.xdel(keys.AUDIT, (await raw(store))[-1][0])
    await store.set(keys.AUDIT_HEAD, hashes[-2])

    assert (await audit.verify()).broken == ""  # by itself it cannot know
    assert "cut off" in (await audit.verify(head=hashes[-1])).broken


async def test_another_key_makes_no_valid_entry(audit: AuditLog, store: redis.asyncio.Redis, clock: SetClock) -> None:
    await write(audit)
    await AuditLog(store, Keyring.generate(), clock).note("mallory", "read_call", "x")

    assert "entry 6 (mallory, read_call): was changed" in (await audit.verify()).broken


async def test_writers_at_once_make_one_chain(audit: AuditLog) -> None:
    await asyncio.gather(*(audit.note("anna", "read_call", str(number)) for number in range(20)))

    found = await audit.verify()
    assert (found.entries, found.broken) == (20, "")


async def test_entries_go_after_thirty_days_and_the_chain_still_holds(
    audit: AuditLog, store: redis.asyncio.Redis, clock: SetClock
) -> None:
    await write(audit, 3)
    clock.now += 20 * DAY
    await write(audit, 2)
    clock.now += 11 * DAY

    assert await audit.purge(clock.now - 30 * DAY) == 3
    assert await audit.purge(clock.now - 30 * DAY) == 0

    found = await audit.verify()
    assert (found.entries, found.broken) == (3, "")  # two, and the purge itself
    await store.xdel(keys.AUDIT, (await raw(store))[0][0])
    assert "missing" in (await audit.verify()).broken


async def test_it_can_be_watched_live(audit: AuditLog) -> None:
    await write(audit)
    async with aclosing(audit.follow()) as following:
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.1)
        await audit.note("boris", "read_call", "live")
        async with asyncio.timeout(5):
            assert (await waiting).who == "boris"
