"""Plans called from a dialplan of the admin's own: the same call as ever, and then the dialplan goes on."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, Say, Turn, keys
from ivr.request.number import number
from tests.telephone.conftest import RunningHotline
from tests.telephone.dialplan_end import WITHOUT_ENGINE, DialplanEnd

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

FEDERAL, DOCUMENTS, NO_PLAN = "700", "701", "702"
EXAMPLE_FEDERAL, EXAMPLE_QUEUE = "88007006050", "88007006051"  # docs/fastagi.md


async def test_a_caller_speaks_talks_to_an_operator_and_goes_on_in_the_dialplan(
    agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd
) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk_seconds=2.0)):
        report = await agent.call(FEDERAL, CallScript(((Say("не могу войти в личный кабинет"),),)))
    assert (report.outcome, report.topic, report.hung_up_by) == ("talked", "access", "hotline")
    after, gone = await dialplan_end.told("after"), await dialplan_end.told("gone")
    assert after == {
        "at": "after",
        "IVR_OUTCOME": "talked",
        "IVR_TOPIC": "access",
        "IVR_LANGUAGE": "ru",
        "IVR_CALL": report.call,
        "IVR_REQUEST_NUMBER": "",
    }
    assert gone == {**after, "at": "gone"}
    records = {record.kind: record for record in await hotline.records(report.call)}
    assert records["arrived"].data["line"] == FEDERAL
    assert records["ended"].data["handed_over"] is False


@pytest.mark.parametrize("after_seconds", [0.1, 2.5])
async def test_when_the_caller_hangs_up_the_dialplan_is_told(
    after_seconds: float, agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd
) -> None:
    report = await agent.call(FEDERAL, CallScript(hang_up_after_seconds=after_seconds))
    gone = await dialplan_end.told()
    assert report.outcome == "left"
    assert (gone["IVR_OUTCOME"], gone["IVR_CALL"]) == ("left", report.call)
    assert await hotline.quiet() == []


async def test_what_the_caller_entered_comes_back(
    agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd
) -> None:
    request = number(1)
    turns = (keys("1"), keys(f"{request}#"), keys("1"))
    report = await agent.call(DOCUMENTS, CallScript(turns, hang_up_after_seconds=25.0))
    gone = await dialplan_end.told()
    assert (gone["IVR_OUTCOME"], gone["IVR_TOPIC"]) == (report.outcome, "status")
    assert gone["IVR_REQUEST_NUMBER"] == request


async def test_a_plan_that_does_not_exist_has_failed_at_once(
    agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd
) -> None:
    # the dialplan does not answer, so that its end refuses the call
    report = await agent.call(NO_PLAN, CallScript(answer_within_seconds=5.0))
    assert report.outcome == "failed"
    after = await dialplan_end.told("after")
    assert (after["IVR_OUTCOME"], after["IVR_CALL"]) == ("failed", "")
    await dialplan_end.told("gone")
    assert "agi_plan_unknown" in (hotline.hotline.home.logs / "controller.log").read_text()


async def test_without_the_engine_the_dialplan_goes_on_at_once(
    agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd
) -> None:
    await agent.call(WITHOUT_ENGINE, CallScript(answer_within_seconds=5.0))
    assert (await dialplan_end.told("after"))["IVR_OUTCOME"] == "failed"
    await dialplan_end.told("gone")


async def test_fifty_callers_at_once(agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd) -> None:
    script = CallScript(hang_up_after_seconds=8.0, answer_within_seconds=20.0)
    reports = await asyncio.gather(*(agent.call(FEDERAL, script, caller=f"+7999{n:07}") for n in range(50)))
    ends = [await dialplan_end.told() for _ in reports]
    assert {end["IVR_OUTCOME"] for end in ends} == {"left"}
    assert {end["IVR_CALL"] for end in ends} == {report.call for report in reports}
    assert len(reports) == len({report.call for report in reports}) == 50


async def test_when_the_controller_dies_the_caller_still_reaches_a_person(
    agent: Agent, hotline: RunningHotline, dialplan_end: DialplanEnd
) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk_seconds=1.0)) as anna:
        # The caller says nothing at first, and presses a key when asked again by another controller.
        script = CallScript(((), keys("1")), rephrase=True, limit_seconds=60.0)
        calling = asyncio.create_task(agent.call(FEDERAL, script))
        await hotline.until(lambda status: any(call["step"] == "menu" for call in status["calls"]))
        os.kill(hotline.process_id("controller"), signal.SIGKILL)
        async with asyncio.timeout(60):
            assert (await anna.talks.get()).seconds > 0.5
        assert (await calling).hung_up_by == "hotline"
        await hotline.back()


@pytest.mark.parametrize(("line", "turns"), [(EXAMPLE_FEDERAL, (keys("1"),)), (EXAMPLE_QUEUE, ())])
async def test_the_example_of_the_documentation_works(
    line: str, turns: tuple[Turn, ...], agent: Agent, hotline: RunningHotline
) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk_seconds=1.0)):
        report = await agent.call(line, CallScript(turns))
    assert (report.outcome, report.hung_up_by, report.cause) == ("talked", "hotline", 16)
