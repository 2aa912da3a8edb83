"""Plans and a controller that goes: what is put live stays so, and what was saved in its last moment goes live."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.provision.setup import Provisions
from ivr.web import csrf
from ivr.web.accounts import Accounts
from tests.failures.conftest import kill, spare_ready
from tests.failures.test_controller_hands_over import ivr
from tests.telephone.conftest import RunningHotline, running_hotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

PLAN = "dialplans/federal.yaml"


@asynccontextmanager
async def studio(hotline: RunningHotline) -> AsyncIterator[aiohttp.ClientSession]:
    """An admin's browser, signed in."""
    async with hotline.hotline.store() as store:
        keyring, clock = Keyring.load(hotline.hotline.wiring.keys), SystemClock()
        accounts = Accounts(store, keyring, clock, AuditLog(store, keyring, clock))
        session = await accounts.enter(await accounts.invite("root"), "admin", "admin")
    cookies = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(
        hotline.hotline.web_address, cookie_jar=cookies, headers={csrf.HEADER: csrf.token(session)}
    ) as http:
        cookies.update_cookies({f"ivr_session_{hotline.hotline.ports.web}": session})
        yield http


async def names(hotline: RunningHotline) -> list[str]:
    return [str(line["name"]) for line in (await hotline.status())["lines"]]


async def test_what_is_live_or_saved_outlives_the_controller(provisions: Provisions, tmp_path: Path) -> None:
    async with running_hotline(tmp_path, own=("dialplans",)) as hotline:
        await spare_ready(hotline)  # it has loaded the plans of before
        async with studio(hotline) as http:
            read: Any = await (await http.get(f"/api/studio/file/{PLAN}")).json()
            text = read["text"].replace("Федеральная линия", "Новая линия")
            changes = {PLAN: {"text": text, "base": read["base"]}}
            done: Any = await (await http.post("/api/studio/publish", json={"changes": changes})).json()
            assert done["live"] == 2, done
        code, said = await ivr(hotline, "hand-over")
        assert code == 0, said
        await hotline.back()
        assert "Новая линия" in await names(hotline)

        await spare_ready(hotline)
        controller = hotline.process_id("controller")
        os.kill(controller, signal.SIGSTOP)
        (tmp_path / PLAN).write_text(text.replace("Новая линия", "Последняя линия"), encoding="utf-8")
        kill(controller)
        await hotline.back()
        await hotline.until(lambda status: any(line["name"] == "Последняя линия" for line in status["lines"]))

        await spare_ready(hotline)
        async with studio(hotline) as http:
            back: Any = await (await http.post("/api/studio/rollback", json={"version": 1})).json()
            assert back == {"live": 1}, back
        kill(hotline.process_id("controller"))
        await hotline.back()
        assert "Федеральная линия" in await names(hotline), "what was taken back is not tried again"
