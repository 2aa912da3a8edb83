"""The commands of those who answer for figures and data, run as people run them, against a store with calls in it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import redis.asyncio

from ivr.clock import SystemClock
from ivr.journal.privacy import Keyring
from ivr.journal.stream import Journal

CHECKOUT = Path(__file__).parents[2]
NUMBER = "+79161234512"
pytestmark = pytest.mark.timeout(240)  # a dozen processes a test
Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("config", "dialplans", "prompts", "asterisk", "models"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    (tmp_path / "var").mkdir()
    return tmp_path


@pytest.fixture
async def ivr(home: Path, store: redis.asyncio.Redis, store_port: int) -> Command:
    keyring = Keyring.load(home / "var" / "keys.json")
    journal = Journal(store, SystemClock(), keyring, home / "var" / "spool")
    await journal.start()
    journal.record("c1", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
    journal.record("c1", "heard", personal={"text": "меня зовут Анна"})
    journal.record("c1", "queued", data={"queue": "people", "topic": "access"})
    journal.record("c1", "connected", data={"operator": "anna", "waited_seconds": 4.0, "since_arrival_seconds": 15.0})
    journal.record("c1", "talk_ended", data={"operator": "anna", "talk_seconds": 60.0})
    journal.record("c1", "ended", data={"outcome": "talked"})
    await journal.close()

    async def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr", *words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "IVR_HOME": str(home), "REDIS_URL": f"redis://127.0.0.1:{store_port}/0"},
        )  # fmt: skip
        out, err = await process.communicate(typed.encode())
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    return run


async def test_a_report_shows_and_writes_the_day(ivr: Command, home: Path) -> None:
    code, shown, _ = await ivr("report")
    assert code == 0
    assert "Встало в очередь" in shown

    code, out, _ = await ivr("report", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {"Показатель": "Отвечено", "Значение": 1}.items() <= lines[2].items()

    code, out, _ = await ivr("report", "--file", str(home / "day.pdf"))
    assert code == 0
    assert (home / "day.pdf").read_bytes().startswith(b"%PDF")

    code, _, err = await ivr("report", "--from", "soon")
    assert (code, err) == (1, "'soon' is no day → write 2026-11-22, today or yesterday\n")


async def test_a_persons_data_is_told_and_erased_and_all_of_it_audited(ivr: Command) -> None:
    code, out, _ = await ivr("person", "export", typed=f"{NUMBER}\n")
    assert code == 0
    held = [json.loads(line) for line in out.splitlines()]
    assert held[0]["personal"] == {"caller": NUMBER}
    assert held[1]["personal"] == {"text": "меня зовут Анна"}

    code, out, _ = await ivr("trace", "c1", "--json")
    assert code == 0
    assert NUMBER not in out
    code, out, _ = await ivr("trace", "c1", "--reveal", "--json")
    assert NUMBER in out

    assert (await ivr("person", "correct", "c1", "2", "text", "меня зовут Инна"))[0] == 0
    assert "меня зовут Инна" in (await ivr("trace", "c1", "--reveal", "--json"))[1]

    code, out, _ = await ivr("person", "erase", "--yes", typed=f"{NUMBER}\n")
    assert (code, out.splitlines()[-1]) == (0, "1 calls made anonymous")
    assert NUMBER not in (await ivr("trace", "c1", "--reveal", "--json"))[1]
    code, _, err = await ivr("person", "export", typed=f"{NUMBER}\n")
    assert code == 1
    assert "nothing is held" in err

    code, out, _ = await ivr("audit", "show", "--json")
    actions = [json.loads(line)["action"] for line in out.splitlines()]
    assert actions == ["person_export", "reveal_call", "person_correct", "reveal_call", "person_erase", "reveal_call"]
    assert NUMBER.lstrip("+") not in out
    assert (await ivr("audit", "verify"))[1].startswith("6 entries, all in place; head ")


async def test_a_broken_audit_log_is_exit_code_1(ivr: Command, store: redis.asyncio.Redis) -> None:
    for _ in range(2):
        await ivr("trace", "c1", "--reveal", "--json")
    entries = await store.xrange("{ivr}:audit")
    assert entries
    await store.xtrim("{ivr}:audit", maxlen=1, approximate=False)

    code, _, err = await ivr("audit", "verify")
    assert code == 1
    assert "entries before it are missing" in err


async def test_after_a_new_master_key_everything_still_opens(ivr: Command, home: Path) -> None:
    code, out, _ = await ivr("keys", "rotate")
    assert code == 0
    assert out.startswith("master key k2: 1 calls and 0 accounts wrapped anew")
    assert "k2" in (home / "var" / "keys.json").read_text()

    assert NUMBER in (await ivr("trace", "c1", "--reveal", "--json"))[1]
    assert (await ivr("audit", "verify"))[0] == 0


async def test_purge_says_what_it_did(ivr: Command) -> None:
    code, out, _ = await ivr("purge")

    assert code == 0
    assert out == (
        "0 days moved to files, 0 audit entries and 0 files deleted, 0 calls made anonymous,"
        " 0 requests and 0 recordings deleted\n"
    )
