"""Callers who leave, say nothing, or only make noise, and operators who do not answer: each ends in a defined way."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, keys
from ivr.agent.steps import CallReport
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LINE = "88005553535"


HANG_UPS = (0.05, 0.5, 2.5, 6.0)


def noise(folder: Path) -> PlayFile:
    """Eight seconds of a bad line."""
    samples = (np.random.default_rng(5).normal(size=8 * 8000) * 1500).clip(-32768, 32767).astype("<i2")
    path = folder / "noise.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())
    return PlayFile(path)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lonely(
    agent: Agent, shared_hotline: RunningHotline, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, CallReport]:
    """Callers whom nobody can help, while no operator is there; all at the same time, as it takes them a minute."""
    scripts = {f"hangs up after {seconds}": CallScript(hang_up_after_seconds=seconds) for seconds in HANG_UPS}
    scripts["says nothing"] = CallScript()
    scripts["makes noise"] = CallScript(((noise(tmp_path_factory.mktemp("noise")),),))
    reports = await asyncio.gather(*(agent.call(LINE, script) for script in scripts.values()))
    return dict(zip(scripts, reports, strict=True))


@pytest.mark.parametrize("seconds", HANG_UPS)
async def test_the_caller_hangs_up_in_the_greeting_or_the_menu(
    seconds: float, lonely: Mapping[str, CallReport], hotline: RunningHotline
) -> None:
    assert lonely[f"hangs up after {seconds}"].outcome == "left"


async def test_a_caller_who_says_nothing_is_asked_again_and_then_told_goodbye(
    lonely: Mapping[str, CallReport], hotline: RunningHotline
) -> None:
    report = lonely["says nothing"]
    assert report.outcome == "ended"
    kinds = [record.kind for record in await hotline.records(report.call)]
    assert kinds.count("no_input") >= 2
    assert "heard" not in kinds


async def test_noise_becomes_no_topic(lonely: Mapping[str, CallReport], hotline: RunningHotline) -> None:
    report = lonely["makes noise"]
    assert report.outcome == "ended"
    assert report.topic in ("", "none")


async def test_an_operator_who_does_not_answer_is_passed_over(agent: Agent, hotline: RunningHotline) -> None:
    secrets = hotline.hotline.secrets
    async with (
        agent.operator("anna", secrets.password("operator/anna"), OperatorScript(answer_after_seconds=None)),
        agent.operator("boris", secrets.password("operator/boris"), OperatorScript(decline=True)),
        agent.operator("elena", secrets.password("operator/elena"), OperatorScript(talk_seconds=1.0)),
    ):
        report = await agent.call(LINE, CallScript((keys("2"),)))
    assert report.outcome == "talked"
    assert report.queue_wait_seconds is not None
    assert report.queue_wait_seconds <= 30


async def test_without_the_controller_a_person_still_answers(agent: Agent, hotline: RunningHotline) -> None:
    """Asterisk's own dialplan rings the operators while the controller is restarted by its supervisor."""
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk_seconds=1.0)) as anna:
        await hotline.kill_controllers()
        report = await agent.call(LINE, CallScript(limit_seconds=40.0))
        async with asyncio.timeout(10):
            talk = await anna.talks.get()
        assert talk.seconds > 0.5
        assert report.cause == 16
        await hotline.back()
