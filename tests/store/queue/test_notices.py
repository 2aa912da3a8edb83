"""Notices to all callers: known to every controller at once, audited, and over when their time has come."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.queue.notices import NoticeBoard

pytestmark = pytest.mark.store


class SetClock(SystemClock):
    ahead = 0.0

    def wall(self) -> float:
        return super().wall() + self.ahead


def board(store: Redis, clock: SetClock | None = None) -> NoticeBoard:
    clock = clock or SetClock()
    return NoticeBoard(store, AuditLog(store, Keyring.generate(), clock), clock)


def heard(from_board: NoticeBoard) -> list[str]:
    return [notice.prompt for notice in from_board.on]


async def until(wanted: list[str], follower: NoticeBoard) -> None:
    async with asyncio.timeout(5):
        while heard(follower) != wanted:  # noqa: ASYNC110 -- as calls do: by looking when they need it
            await asyncio.sleep(0.01)


async def test_a_controller_knows_of_each_switch_as_it_happens(store: Redis) -> None:
    ops, controller = board(store), board(store)
    await ops.switch_on("notice_portal_down", "olga")
    following = asyncio.create_task(controller.run())
    try:
        await until(["notice_portal_down"], controller)  # switched on before it looked
        await ops.switch_on("notice_sms_delayed", "olga")
        await until(["notice_portal_down", "notice_sms_delayed"], controller)
        assert await ops.switch_off("notice_portal_down", "boris")
        await until(["notice_sms_delayed"], controller)
        assert not await ops.switch_off("notice_portal_down", "boris")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_notice_ends_when_its_time_has_come(store: Redis) -> None:
    clock = SetClock()
    ops = board(store, clock)
    await ops.switch_on("notice_portal_down", "olga", 3600)
    assert [notice.prompt for notice in await ops.load()] == ["notice_portal_down"]
    clock.ahead = 3599
    assert heard(ops) == ["notice_portal_down"]
    clock.ahead = 3601
    assert heard(ops) == []


async def test_who_switched_what_is_in_the_audit_log(store: Redis) -> None:
    clock = SetClock()
    audit = AuditLog(store, Keyring.generate(), clock)
    ops = NoticeBoard(store, audit, clock)
    await ops.switch_on("notice_portal_down", "olga", 60)
    await ops.switch_off("notice_portal_down", "boris")
    entries = [(entry.who, entry.action, entry.subject) async for entry in audit.entries()]
    assert entries == [("olga", "notice_on", "notice_portal_down"), ("boris", "notice_off", "notice_portal_down")]
