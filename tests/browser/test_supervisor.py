"""The wallboard and the supervisor's page with real calls: what is seen, what is done, and that it can be undone."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time

import pytest
from playwright.async_api import expect

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from tests.browser.conftest import WALL, SignedIn, axe_violations, picture
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.browser, pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]

LINE = "88005553535"
ONE_SECOND = 1000


async def audit_of(hotline: RunningHotline) -> list[tuple[str, str]]:
    async with hotline.hotline.store() as store:
        log = AuditLog(store, Keyring.load(hotline.hotline.wiring.keys), SystemClock())
        assert not (await log.verify()).broken
        return [(entry.action, entry.subject) async for entry in log.entries() if entry.action.startswith("ops_")]


@pytest.mark.timeout(120)  # two talks and three pages
async def test_a_waiting_call_is_seen_made_urgent_moved_and_pulled(
    agent: Agent, hotline: RunningHotline, signed_in: SignedIn
) -> None:
    wall = await signed_in("operator", viewport=WALL)
    page = await signed_in("supervisor", "/supervisor")
    password = hotline.hotline.secrets.password
    busy, idle = OperatorScript(talk_seconds=40.0), OperatorScript(talk_seconds=2.0)
    async with agent.operator("anna", password("operator/anna"), busy):
        first = asyncio.create_task(agent.call(LINE, CallScript((keys("1"),), hang_up_after_seconds=45.0)))
        await hotline.until(lambda status: any(one["state"] == "talking" for one in status["operators"]))
        # whoever knows nothing of the topic is not rung, however long it takes
        async with agent.operator("vera", password("operator/vera"), idle):
            second = asyncio.create_task(agent.call(LINE, CallScript((keys("1"),), hang_up_after_seconds=40.0)))
            await hotline.until(lambda status: status["waiting_count"] == 1)
            seen_at = time.monotonic()
            await expect(wall.locator("#waiting-count")).to_have_text("1", timeout=ONE_SECOND)
            assert time.monotonic() - seen_at < 1
            today = (await hotline.status())["today"]
            decided = today["within_30_of_queue"] + today["late"]
            assert 0 < decided < today["offered"], "who has just begun to wait is neither in time nor late"
            share = 100 * today["within_30_of_queue"] // decided
            await expect(wall.locator("#share")).to_have_text(re.compile(rf"^{share}\s%$"))
            assert await axe_violations(wall) == []
            await picture(wall, "wallboard")
            call = (await hotline.status())["waiting"][0]["call"]

            board, said = page.locator("#board"), page.locator("#said")
            await board.get_by_role("button", name="Срочно").click()
            await expect(said).to_contain_text("Срочность звонка: 1")
            await said.get_by_role("button", name="Отменить").click()
            await expect(said).to_contain_text("Срочность звонка: 0")

            await board.get_by_text("Ещё").click()
            assert await axe_violations(page) == []
            await picture(page, "supervisor")
            await board.locator("details[open] select[name=topic]").select_option("forms")
            await board.get_by_role("button", name="Переложить").click()
            await expect(said).to_contain_text("Звонок переложен: Формы")
            # vera's best topic: the call rings there by itself, which is what moving is for
            await second
        await first
    told = [record for record in await hotline.records(call) if record.kind == "overruled"]
    assert [record.data["act"] for record in told] == ["prioritise", "prioritise", "move"]
    connected = next(record for record in await hotline.records(call) if record.kind == "connected")
    assert connected.data["operator"] == "vera"
    acts = [act for act, subject in await audit_of(hotline) if subject == call]
    assert acts == ["ops_prioritise", "ops_prioritise", "ops_move"]

    await page.goto(f"{hotline.hotline.web_address}/calls/{call}")
    await expect(page.locator("main")).to_contain_text("срочность 1")
    assert await axe_violations(page) == []
    await picture(page, "call")
    await page.get_by_role("link", name="English").click()
    await expect(page.locator(".story")).to_contain_text("changed the priority: 1")
    await expect(page.locator(".story")).not_to_contain_text(re.compile("[а-я]"))


async def test_a_queue_is_closed_and_opened_again(agent: Agent, hotline: RunningHotline, signed_in: SignedIn) -> None:
    page = await signed_in("supervisor", "/supervisor")
    said = page.locator("#said")
    async with agent.operator("anna", hotline.hotline.secrets.password("operator/anna"), OperatorScript()):
        await page.get_by_role("button", name="Закрыть", exact=True).click()
        await expect(said).to_contain_text("закрыта")
        report = await agent.call(LINE, CallScript((keys("1"),)))
        refused = [record for record in await hotline.records(report.call) if record.kind == "queue_refused"]
        assert [record.data["reason"] for record in refused] == ["closed"]
        await said.get_by_role("button", name="Отменить").click()
        await expect(said).to_contain_text("открыта")
        await expect(page.locator("#board")).to_contain_text("очередь")
    await picture(page, "supervisor-queue")


async def test_the_best_share_stands_on_one_line(signed_in: SignedIn) -> None:
    page = await signed_in("operator", viewport=WALL)
    lines, beyond = await page.evaluate(
        """() => {
            const share = document.getElementById("share");
            share.textContent = "100 %";
            const lines = share.offsetHeight / parseFloat(getComputedStyle(share).lineHeight);
            return [lines, share.scrollWidth - share.clientWidth];
        }"""
    )
    assert (round(lines), beyond) == (1, 0)


async def test_what_is_old_greys_itself(hotline: RunningHotline, signed_in: SignedIn) -> None:
    page = await signed_in("operator", viewport=WALL)
    await expect(page.locator("#age")).to_have_text(re.compile("обновлены"))
    controller = hotline.process_id("controller")
    os.kill(controller, signal.SIGSTOP)
    try:
        await expect(page.locator("body.stale #age")).to_have_text(re.compile("устарели"), timeout=12_000)
        await picture(page, "wallboard-stale")
    finally:
        os.kill(controller, signal.SIGCONT)
    await expect(page.locator("body:not(.stale) #age")).to_have_text(re.compile("обновлены"), timeout=12_000)
