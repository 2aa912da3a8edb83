"""What ops do to real calls, each act as `ivr ops` asks for it; what `ivr why` tells of them; the audit of it all.

Callers come straight to the queue: what they would hear before it is not what is looked at here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript
from ivr.agent.steps import CallReport
from ivr.clock import SystemClock
from ivr.errors import IvrError
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.queue.keys import place
from ivr.routing.policy import Policy
from ivr.routing.why import why
from tests.telephone.conftest import RunningHotline, agent, running_hotline

__all__ = ["agent"]

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LINE, QUEUE = "88007006060", "people"
UNTIL_HANG_UP = OperatorScript(answer_after_seconds=0.2)
SHORT = OperatorScript(answer_after_seconds=0.2, talk_seconds=1.0)
PATIENT, BRIEF = CallScript(), CallScript(talk_seconds=1.0)
STRAIGHT_TO_THE_QUEUE = f"""
plan: straight
lines: ["{LINE}"]
languages: [ru]
start: people
sections:
  people:
    - topic: access
    - call: operators
    - hang_up: goodbye
"""


def straight(root: Path) -> None:
    (root / "dialplans" / "straight.yaml").write_text(STRAIGHT_TO_THE_QUEUE, encoding="utf-8")
    path = root / "config" / "ivr.yaml"
    settings = path.read_text(encoding="utf-8")
    path.unlink()
    assert "wrap_up_seconds: 5" in settings
    path.write_text(settings.replace("wrap_up_seconds: 5", "wrap_up_seconds: 1"), encoding="utf-8")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hotline(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHotline]:
    root = tmp_path_factory.mktemp("supervised")
    async with running_hotline(root, own=("dialplans",), change=straight) as running:
        yield running


async def test_every_act_on_real_calls(agent: Agent, hotline: RunningHotline) -> None:
    ops = _Ops(agent, hotline)
    async with ops.operator("anna", UNTIL_HANG_UP), ops.operator("vera", SHORT), ops.operator("zhanna", SHORT):
        # anna alone knows about access, and talks
        talking = ops.call("01", PATIENT)  # until the end of the test
        await hotline.until(lambda status: any(one["state"] == "talking" for one in status["operators"]))
        (busy,) = (one["call"] for one in (await hotline.status())["calls"])

        await ops.act("listen", call=busy, telephone="zhanna", mode="listen")
        await ops.told(busy, "supervised")

        cut_off = ops.call("02", PATIENT)
        lost = await ops.waiting()
        await asyncio.sleep(1.5)  # a wait that is worth keeping
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)
        await hotline.until(lambda status: status["waiting_count"] == 0)
        assert [record.kind for record in await hotline.steps(lost)][-1] == "ended"

        waits = ops.call("02", PATIENT)
        waiting = await ops.waiting()
        await ops.act("limit", queue=QUEUE, limit="1")
        assert await ops.refused("03") == ("full", "queue_full")
        await ops.act("limit", queue=QUEUE, limit="0")
        await ops.act("close", queue=QUEUE)
        assert await ops.refused("04") == ("closed", "queue_closed")
        await ops.act("open", queue=QUEUE)

        await ops.act("prioritise", call=waiting, priority="3")
        with pytest.raises(IvrError, match="busy"):
            await ops.act("pull", call=waiting, operator="anna")
        await ops.act("pull", call=waiting, operator="vera")
        assert (await waits).outcome == "talked"
        pulled = "\n".join(await ops.why(waiting))
        by = (await ops.audit())[-1][0]
        assert f"{by} меняет срочность: 3." in pulled
        assert f"Почему: {by} отдаёт звонок вручную: vera." in pulled

        async with ops.operator("boris", SHORT):  # knows the topic second best
            second_best = await ops.call("05", PATIENT)
            assert "boris: уровень" in await ops.why_offered(second_best)
            await ops.act("assign", operator="boris", topic="access")
            await hotline.until(lambda status: _state(status, "boris") == "ready")
            lent = await ops.call("06", PATIENT)
            assert f"boris: уровень 1, временно на этой теме по слову {by}" in await ops.why_offered(lent)
            await ops.act("assign", operator="boris", topic="auto")
            await hotline.until(lambda status: _state(status, "boris") == "ready")
            again = await ops.call("06", PATIENT)
            assert "прошлый разговор вёл оператор boris" in await ops.why_offered(again)

        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    assert [(action, subject) for _, action, subject in await ops.audit()] == [
        ("ops_listen", busy),
        ("ops_limit_queue", QUEUE),
        ("ops_limit_queue", QUEUE),
        ("ops_close_queue", QUEUE),
        ("ops_open_queue", QUEUE),
        ("ops_prioritise", waiting),
        ("ops_pull", waiting),  # what was refused is in the audit as well
        ("ops_pull", waiting),
        ("ops_assign", "boris"),
        ("ops_assign", "boris"),
    ]


async def test_each_way_through_the_queue_is_told(agent: Agent, hotline: RunningHotline) -> None:
    ops = _Ops(agent, hotline)
    async with ops.operator("anna", UNTIL_HANG_UP):  # she alone is here, and talks
        talking = ops.call("11", PATIENT)
        await hotline.until(lambda status: any(one["state"] == "talking" for one in status["operators"]))

        cut_off = ops.call("12", BRIEF)
        lost = await ops.waiting()
        await asyncio.sleep(3.0)
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)
        await hotline.until(lambda status: status["waiting_count"] == 0)
        await ops.kept_place_is_older_by(Policy().starvation_seconds)
        aged = ops.call("12", BRIEF)  # the same caller: has the place back
        aged_call = await ops.waiting()
        urgent = ops.call("13", BRIEF)
        await hotline.until(lambda status: status["waiting_count"] == 2)
        (urgent_call,) = {one["call"] for one in (await hotline.status())["waiting"]} - {aged_call}
        await ops.act("prioritise", call=urgent_call, priority="2")
        moved = ops.call("14", BRIEF)
        await hotline.until(lambda status: status["waiting_count"] == 3)
        waiting = {one["call"] for one in (await hotline.status())["waiting"]}
        (moved_call,) = waiting - {aged_call, urgent_call}
        await ops.act("move", call=moved_call, queue=QUEUE, topic="registration")
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)

        reports = await asyncio.gather(aged, urgent, moved)
        assert [report.outcome for report in reports] == ["talked"] * 3
        again = await ops.call("12", BRIEF)
        assert again.outcome == "talked"
    by = (await ops.audit())[-1][0]
    for call, *sentences in (
        (lost, "звонок окончен без оператора: до него очередь не дошла."),
        (
            aged_call,
            "ждёт уже 2 мин ",
            "место сохранено с прерванного звонка: ",
            "операторы освобождались, но сначала взяли звонки, которые ещё можно было принять в срок: 1;",
        ),
        (urgent_call, f"{by} меняет срочность: 2.", "срочный звонок (срочность 2), поэтому раньше своего места"),
        (moved_call, f"{by} перекладывает звонок: очередь {QUEUE}, тема registration."),
        (again.call, "прошлый разговор вёл оператор anna, поэтому ему"),
    ):
        told = "\n".join(await ops.why(call))
        assert all(sentence in told for sentence in sentences), told


def _state(status: dict[str, Any], operator: str) -> str:
    return next((str(one["state"]) for one in status["operators"] if one["name"] == operator), "gone")


class _Ops:
    """A supervisor at work, with callers and operators at real telephones."""

    def __init__(self, agent: Agent, hotline: RunningHotline) -> None:
        self._agent = agent
        self._hotline = hotline

    def operator(self, name: str, script: OperatorScript) -> Any:
        return self._agent.operator(name, self._hotline.hotline.secrets.password(f"operator/{name}"), script)

    def call(self, caller: str, script: CallScript) -> asyncio.Task[CallReport]:
        """Callers differ, so that nobody is known from an earlier call but who is meant to be."""
        return asyncio.create_task(self._agent.call(LINE, script, caller=f"+799911100{caller}"))

    async def act(self, act: str, **fields: str) -> None:
        await self._hotline.hotline.ask(f"/api/acts/{act}", fields)

    async def waiting(self) -> str:
        """The one call that waits."""
        await self._hotline.until(lambda status: status["waiting_count"] == 1)
        return str((await self._hotline.status())["waiting"][0]["call"])

    async def kept_place_is_older_by(self, seconds: float) -> None:
        """As if the one caller who was cut off had come so much earlier: to have waited too long takes two minutes."""
        async with self._hotline.hotline.store() as store:
            (kept,) = [key async for key in store.scan_iter(place("*"))]
            await store.incrbyfloat(kept, -seconds)

    async def refused(self, caller: str) -> tuple[str, str]:
        """Why the queue does not take a new call, and what the caller hears then."""
        report = await self.call(caller, PATIENT)
        steps = iter(await self._hotline.steps(report.call))
        reason = next(str(one.data["reason"]) for one in steps if one.kind == "queue_refused")
        return reason, next(str(one.data["prompts"]) for one in steps if one.kind == "said")

    async def told(self, call: str, kind: str) -> None:
        async with asyncio.timeout(30):
            while kind not in [record.kind for record in await self._hotline.steps(call)]:  # noqa: ASYNC110 -- a journal has no event
                await asyncio.sleep(0.1)

    async def why(self, call: str) -> Sequence[str]:
        return why((one.wall_seconds, one.kind, one.data) for one in await self._hotline.records(call))

    async def why_offered(self, report: CallReport) -> str:
        """What `ivr why` says of the ring that was answered."""
        assert report.outcome == "talked", report
        return next(sentence for sentence in reversed(await self.why(report.call)) if "Почему" in sentence)

    async def audit(self) -> list[tuple[str, str, str]]:
        """Who did what to what, as the audit log has it, unbroken."""
        async with self._hotline.hotline.store() as store:
            log = AuditLog(store, Keyring.load(self._hotline.hotline.wiring.keys), SystemClock())
            assert not (await log.verify()).broken
            return [
                (entry.who, entry.action, entry.subject)
                async for entry in log.entries()
                if entry.action.startswith("ops_")
            ]
