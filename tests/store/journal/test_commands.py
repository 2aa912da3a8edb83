"""`ivr trace` and `ivr journal` as people and programs read them."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import redis.asyncio
from rich.console import Console

from ivr.call.identity import arrived_seconds, new_call_id
from ivr.errors import IvrError
from ivr.journal import commands
from ivr.journal.archive import Archive
from ivr.journal.commands import since_seconds
from ivr.journal.privacy import Keyring
from ivr.journal.stream import Journal

ZONE = ZoneInfo("Europe/Moscow")


class Screen:
    """A terminal to read from."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        self.console = Console(file=self.file, width=140)

    @property
    def text(self) -> str:
        return self.file.getvalue()


async def write_calls(journal: Journal) -> None:
    for call, topic in (("call1", "access"), ("call2", "forms")):
        journal.record(call, "arrived", data={"line": "78005553535"}, personal={"caller": "+79161234512"})
        journal.record(call, "heard", "federal/menu/1", {"confidence": 0.9}, {"text": "не могу войти"})
        journal.record(call, "topic", "federal/menu/1", {"topic": topic, "confidence": 0.8})
        journal.record(call, "connected", data={"operator": "anna", "waited_seconds": 4.21})
        journal.record(call, "ended", data={"outcome": "talked"})
    await journal.close()


async def test_a_trace_is_a_story_without_personal_data(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    await write_calls(journal)
    screen = Screen()

    await commands.trace(store, keyring, "call1", screen.console, ZONE)

    for words in (
        "call from +7 9** ***-**-12 on line 78005553535",
        "heard (3 words), sure to 90%",
        "topic access, sure to 80%",
        "talks to anna after 4.2 s of waiting",
        "over: talked",
        "federal/menu/1",
    ):
        assert words in screen.text
    assert "войти" not in screen.text


async def test_a_trace_for_programs_is_the_records_one_a_line(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    await write_calls(journal)
    screen = Screen()

    await commands.trace(store, keyring, "call1", screen.console, ZONE, as_json=True)

    lines = [json.loads(line) for line in screen.text.splitlines()]
    assert [(line["sequence"], line["kind"]) for line in lines] == [
        (1, "arrived"), (2, "heard"), (3, "topic"), (4, "connected"), (5, "ended"),
    ]  # fmt: skip
    assert lines[0]["personal"] == {"caller": "+7 9** ***-**-12"}


async def test_a_trace_finds_calls_of_closed_days(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring, tmp_path: Path
) -> None:
    call = new_call_id(datetime.now(UTC).timestamp(), 5)
    journal.record(call, "arrived", data={"line": "78005553535"})
    journal.record(call, "ended", data={"outcome": "left"})
    await journal.close()
    archive = Archive(store, tmp_path / "archive", ZONE)
    await archive.close_days(datetime.now(UTC).timestamp() + 5 * 86_400)
    screen = Screen()

    await commands.trace(
        store, keyring, call, screen.console, ZONE, archive=archive, arrived_seconds=arrived_seconds(call)
    )

    assert "over: left" in screen.text


async def test_the_journal_goes_back_into_closed_days(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring, tmp_path: Path
) -> None:
    await write_calls(journal)
    later = datetime.now(UTC).timestamp() + 5 * 86_400
    archive = Archive(store, tmp_path / "archive", ZONE)
    await archive.close_days(later)
    screen = Screen()

    await commands.journal(store, keyring, screen.console, ZONE, later, since="7d", as_json=True, archive=archive)

    lines = [json.loads(line) for line in screen.text.splitlines()]
    assert len(lines) == 10
    assert lines[0]["personal"] == {"caller": "+7 9** ***-**-12"}


async def test_an_unknown_call_names_the_latest_ones(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    with pytest.raises(IvrError, match="no call 'call9'") as nothing:
        await commands.trace(store, keyring, "call9", Screen().console, ZONE)
    assert nothing.value.hint == "no call has come in yet"
    await write_calls(journal)
    with pytest.raises(IvrError) as unknown:
        await commands.trace(store, keyring, "call9", Screen().console, ZONE)
    assert "call1" in unknown.value.hint


async def test_the_journal_by_topic_begins_where_the_topic_was_found(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    await write_calls(journal)
    screen = Screen()

    now = datetime.now(UTC).timestamp()
    await commands.journal(store, keyring, screen.console, ZONE, now, topic="forms", as_json=True)

    lines = [json.loads(line) for line in screen.text.splitlines()]
    assert [(line["call"], line["kind"]) for line in lines] == [
        ("call2", "topic"), ("call2", "connected"), ("call2", "ended"),
    ]  # fmt: skip


async def test_following_goes_on_where_the_past_ends(
    journal: Journal, store: redis.asyncio.Redis, keyring: Keyring
) -> None:
    journal.record("call1", "answered")
    await journal.settled()
    screen = Screen()
    now = datetime.now(UTC).timestamp()
    following = asyncio.create_task(
        commands.journal(store, keyring, screen.console, ZONE, now, follow=True, as_json=True)
    )

    async def shown(lines: int) -> None:
        async with asyncio.timeout(5):
            while screen.text.count("\n") < lines:  # noqa: ASYNC110 - as a person would: by looking again
                await asyncio.sleep(0.02)

    await shown(1)
    journal.record("call1", "ended", data={"outcome": "left"})
    await shown(2)
    following.cancel()

    assert [json.loads(line)["kind"] for line in screen.text.splitlines()] == ["answered", "ended"]


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("2026-11-23", timedelta(hours=12)),
        ("2026-11-23T09:30", timedelta(hours=2, minutes=30)),
        ("2026-11-23T09:30+00:00", timedelta(minutes=-30)),
    ],
)
def test_since_takes_spans_and_moments(text: str, ago: timedelta) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=ZONE)

    assert since_seconds(text, now.timestamp(), ZONE) == (now - ago).timestamp()


@pytest.mark.parametrize("text", ["", "soon", "5", "-5m", "2026-13-01"])
def test_since_says_what_it_understands(text: str) -> None:
    with pytest.raises(IvrError, match="write 90s, 15m") as wrong:
        since_seconds(text, 0.0, ZONE)
    assert text in str(wrong.value)
