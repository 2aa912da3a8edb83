"""A backup of a hotline in use, restored into an empty checkout: nothing is missing, and nothing is there twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import argon2
import pyotp
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NotThere

from ivr.clock import SystemClock
from ivr.config import Home
from ivr.hotline import Hotline
from ivr.journal import keys
from ivr.journal.archive import Archive
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.stream import Journal
from ivr.provision import store as embedded_store
from ivr.request.model import Request
from ivr.request.store import RequestStore
from ivr.web.accounts import Accounts

CHECKOUT = Path(__file__).parents[2]
ZONE = ZoneInfo("Europe/Moscow")
NUMBER, PASSWORD = "+79161234512", "correct horse battery staple"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
CALLS = 700  # more than a page of the stream
pytestmark = [pytest.mark.store, pytest.mark.timeout(120)]


def checkout(root: Path) -> Hotline:
    for name in ("config", "dialplans", "prompts"):
        shutil.copytree(CHECKOUT / name, root / name)
    for name in ("asterisk", "models"):
        (root / name).symlink_to(CHECKOUT / name)
    return Hotline(Home(root))


async def ivr(hotline: Hotline, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", *words),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "IVR_HOME": str(hotline.home.root)},
    )
    _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


@asynccontextmanager
async def own_store(hotline: Hotline) -> AsyncIterator[Redis]:
    command = embedded_store.command(hotline.home.var / "store", hotline.ports.store, hotline.secrets.password("store"))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with Redis.from_url(hotline.store_url, password=hotline.store_password) as store:
            async with asyncio.timeout(20):
                while True:
                    try:
                        await store.ping()
                        break
                    except NotThere:
                        await asyncio.sleep(0.05)
            yield store
    finally:
        process.terminate()
        await process.wait()


@dataclass(frozen=True)
class Known:
    """Everything that people would look for."""

    calls: dict[str, list[Any]]
    requests: list[Request]
    audit: list[Any]
    archived: list[Any]
    secret: str


async def live(hotline: Hotline, store: Redis) -> str:
    """Some days of a hotline; the second factor of its auditor."""
    keyring = Keyring.load(hotline.wiring.keys)
    clock = SystemClock()
    journal = Journal(store, clock, keyring, hotline.wiring.spool)
    await journal.start()
    for number in range(CALLS):
        journal.record(f"c{number}", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
        journal.record(f"c{number}", "ended", data={"outcome": "left"})
    await journal.close()
    archive = Archive(store, hotline.wiring.archive, ZONE)
    assert await archive.close_days(clock.wall() + 3 * 86_400, keep_days=0)
    journal = Journal(store, clock, keyring, hotline.wiring.spool)
    await journal.start()
    for number in range(CALLS):
        journal.record(f"d{number}", "arrived", data={"line": "78005553535"}, personal={"caller": NUMBER})
        journal.record(f"d{number}", "heard", personal={"text": "не могу войти"})
    await journal.close()
    requests = RequestStore(store)
    for number in range(20):
        await requests.add(Request(f"R-{number}", f"d{number}", clock.wall(), person=keyring.person(NUMBER)))
    enrolled = await Accounts(store, keyring, clock, AuditLog(store, keyring, clock), QUICK).add(
        "root", "maria", "auditor", PASSWORD
    )
    await store.set("{ivr}:queue:place:somebody", "1", px=3_600_000)
    await store.set("{ivr}:session:of-a-browser", "1")
    assert hotline.secrets.password("operator/anna")
    (hotline.home.dialplans / "own.yaml").write_text("# the admin's own\n", encoding="utf-8")
    return enrolled.secret


async def known(hotline: Hotline, store: Redis, secret: str) -> Known:
    keyring = Keyring.load(hotline.wiring.keys)
    reader = JournalReader(store, keyring, reveal=True)
    archive = Archive(store, hotline.wiring.archive, ZONE)
    audit = AuditLog(store, keyring, SystemClock())
    assert (await audit.verify()).broken == ""
    days: list[date] = archive.days()
    return Known(
        {call: list(await reader.read(call)) for call in await reader.calls(limit=10_000)},
        await RequestStore(store).open(),
        [entry async for entry in audit.entries()],
        [record for day in days for record in archive.read_day(day)],
        secret,
    )


async def test_what_was_backed_up_is_all_there_again(tmp_path: Path) -> None:
    old, new, file = checkout(tmp_path / "old"), checkout(tmp_path / "new"), tmp_path / "hotline.backup"
    async with own_store(old) as store:
        secret = await live(old, store)
        code, said = await ivr(old, "backup", str(file))
        assert code == 0, said
        before = await known(old, store, secret)
    assert file.stat().st_mode & 0o077 == 0, "others can read it"
    assert (len(before.calls), len(before.requests), len(before.archived)) == (CALLS, 20, 2 * CALLS)

    cut_short = tmp_path / "cut.backup"
    cut_short.write_bytes(file.read_bytes()[:-2000])
    code, said = await ivr(new, "restore", str(cut_short))
    assert (code, "no whole backup" in said, "Traceback" in said) == (1, True, False)
    assert not (new.home.var / "keys.json").exists()
    new = Hotline(Home(new.home.root))
    async with own_store(new) as store:
        await store.set("{ivr}:of-another-hotline", "1")
    code, said = await ivr(new, "restore", str(file))
    assert (code, "has a hotline's data already" in said) == (1, True), said
    new = Hotline(Home(new.home.root))  # the passwords are the backup's by now
    async with own_store(new) as store:
        assert await store.getdel("{ivr}:of-another-hotline") == b"1", "nothing was written over"
        assert await store.dbsize() == 0
    (new.home.dialplans / "shipped.yaml").write_text("# of a newer version\n", encoding="utf-8")

    code, said = await ivr(new, "restore", str(file))
    assert code == 0, said
    new = Hotline(Home(new.home.root))
    async with own_store(new) as store:
        assert await known(new, store, secret) == before
        keyring, clock = Keyring.load(new.wiring.keys), SystemClock()
        accounts = Accounts(store, keyring, clock, AuditLog(store, keyring, clock), QUICK)
        assert await accounts.sign_in("maria", PASSWORD, pyotp.TOTP(secret).now())
        assert 0 < await store.pttl("{ivr}:queue:place:somebody") <= 3_600_000
        assert not await store.exists("{ivr}:session:of-a-browser"), "a backup lets nobody in"
        journal = Journal(store, clock, keyring, new.wiring.spool)
        await journal.start()
        journal.record("e1", "arrived")
        await journal.close()
        assert await store.xlen(keys.STREAM) == 2 * CALLS + 1
    assert new.secrets.password("operator/anna") == old.secrets.password("operator/anna")
    assert (new.home.dialplans / "own.yaml").read_text(encoding="utf-8") == "# the admin's own\n"
    assert not (new.home.dialplans / "shipped.yaml").exists(), "it would have gone live beside the admin's"
    assert (new.home.var / "before-restore" / "dialplans" / "shipped.yaml").exists()

    code, said = await ivr(new, "restore", str(file))
    assert (code, "has calls and keys of its own" in said) == (1, True)
