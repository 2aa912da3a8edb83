"""A call that is recorded with its caller's consent: both sides are in it, and what is private is not."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, PlayFile, keys
from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.record import Record
from tests.agent.tones import heard, write_tone
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]

DOCUMENTS = "88003004040"
GIVEN = [("consent_asked", None), ("consent", True)]


async def unsealed(hotline: RunningHotline, call: str, to: Path) -> str:
    """What `ivr recording` says."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", "recording", call, "--to", str(to)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "IVR_HOME": str(hotline.hotline.home.root)},
    )
    said, _ = await command.communicate()
    return said.decode()


async def recorded(hotline: RunningHotline, call: str) -> Sequence[Record]:
    """The call's steps, once its recording is sealed."""
    async with asyncio.timeout(30):
        while True:
            steps = await hotline.steps(call)
            if any(step.kind == "recorded" for step in steps):
                return steps
            await asyncio.sleep(0.1)


async def test_a_consenting_caller_is_recorded_but_not_what_is_private(
    agent: Agent, hotline: RunningHotline, tmp_path: Path
) -> None:
    # "olga" stands for the number that the caller dictates: it must not be in the recording.
    caller, anna, private = (write_tone(tmp_path, name, 2.0) for name in ("caller", "anna", "olga"))
    dictated = (PlayFile(private), *keys("100342#"))
    turns = (keys("1"), dictated, keys("7"))  # no answer to "is it right?" twice leads to a person
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk=(PlayFile(anna),))):
        report = await agent.call(
            DOCUMENTS, CallScript(turns, consents=True, talk=(PlayFile(caller),), talk_seconds=4.0)
        )
    assert report.outcome == "talked"
    steps = await recorded(hotline, report.call)
    about = [(step.kind, step.data.get("given")) for step in steps if step.kind.startswith(("consent", "record"))]
    whole = ["recording_began", "recording_paused", "recording_resumed", "recorded"]
    assert about == [*GIVEN, *((kind, None) for kind in whole)]
    home = hotline.hotline.home
    assert list((home.var / "asterisk" / "spool" / "recording").iterdir()) == []

    file = tmp_path / "call.wav"
    assert "s" in await unsealed(hotline, report.call, file)
    speakers = set[str]().union(*heard(file))
    assert {"caller", "anna"} <= speakers
    assert "olga" not in speakers, "what the caller dictated is in the recording"
    async with hotline.hotline.store() as store:
        audit = AuditLog(store, Keyring.load(hotline.hotline.wiring.keys), SystemClock())
        assert [entry.action async for entry in audit.entries() if entry.subject == report.call] == [
            "recording_unsealed"
        ]


async def test_who_does_not_consent_is_not_recorded(agent: Agent, hotline: RunningHotline, tmp_path: Path) -> None:
    password = hotline.hotline.secrets.password("operator/anna")
    async with agent.operator("anna", password, OperatorScript(talk_seconds=1.0)):
        report = await agent.call("88005553535", CallScript((keys("1"),)))
    assert report.outcome == "talked"
    steps = await hotline.steps(report.call)
    assert [step.data.get("given") for step in steps if step.kind == "consent"] == [False]
    assert [step.kind for step in steps if step.kind.startswith("record")] == []
    assert "no recording" in await unsealed(hotline, report.call, tmp_path / "call.wav")
    assert list(hotline.hotline.wiring.sounds.iterdir()) == []
