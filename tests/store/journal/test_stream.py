"""Records reach the store in order and once, sealed; one call is read back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
import redis.asyncio

from ivr.clock import SystemClock
from ivr.journal import keys
from ivr.journal.fold import contradictions
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal

NUMBER = "+79161234512"


async def test_records_of_a_call_are_read_back_in_order(journal: Journal, reader: JournalReader) -> None:
    journal.record("a", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
    for key in "123456789" * 20:
        journal.record("a", "key", "federal/menu", {"key": key})
        journal.record("b", "key", "federal/menu", {"key": "0"})
    await journal.close()

    records = await reader.read("a")

    assert [record.sequence for record in records] == list(range(1, 182))
    assert [record.data.get("key") for record in records[1:]] == list("123456789" * 20)
    assert records[0].personal == {"caller": NUMBER}
    assert records[0].data == {"line": "78005553535"}
    assert records[1].path == "federal/menu"
    assert [record.monotonic_seconds for record in records] == sorted(record.monotonic_seconds for record in records)


async def test_what_the_table_of_kinds_does_not_know_is_sealed(
    journal: Journal, reader: JournalReader, store_port: int
) -> None:
    journal.record("a", "queued", data={"queue": "general", "remark": "Иванов Пётр"})
    await journal.close()

    (record,) = await reader.read("a")

    assert record.data == {"queue": "general"}
    assert record.personal == {"remark": "Иванов Пётр"}
    assert "Иванов" not in await everything_in(store_port)


async def test_personal_data_is_unreadable_in_the_store(journal: Journal, store_port: int) -> None:
    journal.record("a", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
    journal.record("a", "heard", personal={"text": "не могу войти"})
    await journal.close()

    text = await everything_in(store_port)

    assert "78005553535" in text  # the scan does see what is not sealed
    assert NUMBER not in text
    assert "войти" not in text


async def test_a_reader_shows_masks_and_nothing_once_the_key_is_gone(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    journal.record("a", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
    journal.record("a", "heard", personal={"text": "не могу войти"})
    await journal.close()

    masked = await JournalReader(store, keyring).read("a")
    assert [record.personal for record in masked] == [{"caller": "+7 9** ***-**-12"}, {"text": "(3 words)"}]

    await store.hdel(keys.DATA_KEYS, "a")
    erased = await JournalReader(store, keyring, reveal=True).read("a")
    assert [record.personal for record in erased] == [{"sealed": "(erased)"}] * 2


async def test_a_batch_sent_twice_is_written_once(
    journal: Journal, new_journal: Callable[..., Journal], reader: JournalReader, store: redis.asyncio.Redis
) -> None:
    """A lost reply: the writer cannot know that the batch arrived, and sends it again."""
    journal.record("a", "answered")
    await journal.close()
    await forget_the_reply(journal, new_journal, store)

    assert [record.kind for record in await reader.read("a")] == ["answered"]


async def forget_the_reply(journal: Journal, new_journal: Callable[..., Journal], store: redis.asyncio.Redis) -> None:
    again = new_journal(writer=journal.writer)  # numbers its first batch 1 once more
    await again.start()
    again.record("a", "answered")
    await again.close()
    assert int(await store.get(keys.mark(journal.writer)) or 0) == 1


async def test_a_second_writer_goes_on_with_the_call(
    journal: Journal, new_journal: Callable[..., Journal], reader: JournalReader
) -> None:
    journal.record("a", "arrived", data={"line": "1"}, personal={"caller": NUMBER})
    await journal.close()
    other = new_journal()
    await other.start()
    other.record("a", "heard", personal={"text": "оператор"})
    await other.close()

    first, second = await reader.read("a")

    assert (first.sequence, second.sequence) == (1, 2)
    assert second.personal == {"text": "оператор"}


async def test_a_writer_without_the_calls_key_numbers_it_on_all_the_same(
    journal: Journal, new_journal: Callable[..., Journal], reader: JournalReader
) -> None:
    journal.record("a", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
    journal.record("a", "key", data={"key": "1"})
    await journal.close()
    stranger = new_journal(keyring=Keyring.generate())
    await stranger.start()
    stranger.record("a", "key", data={"key": "2"})
    await stranger.close()

    assert [record.sequence for record in await reader.read("a")] == [1, 2, 3]


async def test_what_follows_long_after_the_call_is_numbered_on_whoever_writes_it(
    new_journal: Callable[..., Journal], reader: JournalReader
) -> None:
    clock = MovedClock()
    controller, command, restarted = (new_journal(clock=clock) for _ in range(3))
    for journal in (controller, command, restarted):
        await journal.start()
    controller.record("a", "arrived", data={"line": "1"}, personal={"caller": NUMBER})
    controller.record("a", "ended", data={"outcome": "left"})
    controller.record("a", "request_status", data={"request": "100008", "status": "done", "was": "accepted"})
    await written(controller)
    clock.moved_seconds = 3600.0
    command.record("a", "corrected", data={"of": 1, "fact": "caller"}, personal={"value": NUMBER})
    await written(command)
    controller.record("a", "request_overdue", data={"request": "100008", "deadline": "answer"})
    await written(controller)
    restarted.record("a", "result", data={"request": "100008"}, personal={"note": "перезвонили"})
    for journal in (controller, command, restarted):
        await journal.close()

    records = await reader.read("a")

    assert [record.sequence for record in records] == [1, 2, 3, 4, 5, 6]
    assert contradictions(records, over=True) == ()
    assert (records[3].personal, records[5].personal) == ({"value": NUMBER}, {"note": "перезвонили"})


class MovedClock(SystemClock):
    """The real one, put forward."""

    moved_seconds = 0.0

    def wall(self) -> float:
        return super().wall() + self.moved_seconds

    def monotonic(self) -> float:
        return super().monotonic() + self.moved_seconds


async def written(journal: Journal) -> None:
    async with asyncio.timeout(5):
        while journal.health().waiting:  # noqa: ASYNC110 - a writer tells nobody
            await asyncio.sleep(0.01)


async def test_follow_gives_what_comes_and_nothing_from_before(journal: Journal, reader: JournalReader) -> None:
    journal.record("a", "arrived", data={"line": "1"})
    await journal.settled()
    async with aclosing(reader.follow(await reader.position())) as following:
        journal.record("b", "arrived", data={"line": "1"})
        journal.record("", "operator_ready", data={"operator": "anna"})
        async with asyncio.timeout(5):
            seen = [await anext(following), await anext(following)]

    assert [(record.call, record.kind) for record in seen] == [("b", "arrived"), ("", "operator_ready")]


async def test_calls_are_listed_newest_first(journal: Journal, reader: JournalReader) -> None:
    for call in "abc":
        journal.record(call, "arrived", data={"line": "1"})
        journal.record(call, "ended", data={"outcome": "left"})
        await asyncio.sleep(0.002)
    await journal.close()

    assert await reader.calls() == ["c", "b", "a"]
    assert await reader.calls(limit=2) == ["c", "b"]
    assert await reader.calls(since_seconds=9e9) == []


async def test_since_leaves_out_what_was_before(journal: Journal, reader: JournalReader) -> None:
    journal.record("a", "arrived", data={"line": "1"})
    await asyncio.sleep(0.05)
    journal.record("a", "answered")
    await journal.close()
    answered = (await reader.read("a"))[1]

    assert [record.kind async for record in reader.since(answered.wall_seconds)] == ["answered"]
    assert [record.kind async for record in reader.since(0)] == ["arrived", "answered"]


async def everything_in(store_port: int) -> str:
    """All keys and values, as text."""
    async with redis.asyncio.Redis(host="127.0.0.1", port=store_port, decode_responses=True) as store:
        read: dict[Any, Callable[[str], Any]] = {
            "stream": store.xrange,
            "hash": store.hgetall,
            "list": lambda key: store.lrange(key, 0, -1),
            "zset": lambda key: store.zrange(key, 0, -1),
            "string": store.get,
        }
        return "\n".join([f"{key} {await read[await store.type(key)](str(key))}" async for key in store.scan_iter()])


@pytest.mark.parametrize("value", ["\ud800", "\x00", "a" * 100_000, "«ё»", '"\\'])
async def test_any_text_is_kept(journal: Journal, reader: JournalReader, value: str) -> None:
    journal.record("a", "failed", data={"reason": value}, personal={"text": value})
    await journal.close()

    (record,) = await reader.read("a")

    expected = value.replace("\ud800", "?")
    assert (record.data["reason"], record.personal["text"]) == (expected, expected)
