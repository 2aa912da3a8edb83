"""Nonsense from outside: ARI frames, AGI sessions and YAML that nobody in their right mind would send.

Mutations of real examples from a fixed seed. Here a sample that takes seconds; `IVR_FUZZ=100000` says how many of each.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from pathlib import Path
from typing import Any, cast

import pytest

from ivr.config import Home
from ivr.dialplan.source import load_plans
from ivr.errors import ConfigurationInvalid
from ivr.line.agi import AgiSession, SessionBroken
from ivr.line.ari import decode_frame
from ivr.line.events import translate
from ivr.line.fake import Telephone
from ivr.speech.topics import TopicModel, load_topics
from tests.failures.test_events_twice_and_late import good_call
from tests.unit.call.world import live

ROOT = Home.find().root
_WANTED = int(os.environ.get("IVR_FUZZ", "0"))
FRAMES, SESSIONS, PLANS = _WANTED or 100_000, _WANTED or 3_000, _WANTED or 300

pytestmark = pytest.mark.timeout(60 if not _WANTED else 7200)

_PIECES = (*"\"\\\x00\ud800\u2063'", "", "null", "[]", "{}", "-1", "1e999", "&a", "*a", ": ", "- ", "!!", "9" * 400)


def mutated(chance: random.Random, text: str) -> str:
    """A few places changed: cut, doubled, swapped or replaced by something awkward."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        match chance.randrange(4):
            case 0:
                text = text[:at] + chance.choice(_PIECES) + text[min(at + 1, len(text)) :]
            case 1:
                text = text[:at] + text[to:]
            case 2:
                text = text[:to] + text[at : min(to, at + 40)] + text[to:]
            case _:
                text = text[:at] + chance.choice(_PIECES) + text[at:]
        if not text:
            return text
    return text


def test_ari_frames() -> None:
    chance = random.Random(1)
    world, _ = live(good_call, {"anna": Telephone(3.0)})
    frames = [json.dumps(frame) for frame in world.asterisk.sent]
    understood = 0
    for _ in range(FRAMES):
        frame = decode_frame(mutated(chance, chance.choice(frames)))
        understood += frame is not None and translate(frame) is not None
    assert 0 < understood < FRAMES


async def test_agi_sessions() -> None:
    chance = random.Random(2)
    sane = (
        "agi_network: yes\nagi_network_script: federal\nagi_request: agi://127.0.0.1/federal\n"
        "agi_channel: PJSIP/trunk-1\nagi_uniqueid: 17.1\nagi_callerid: 79990000001\nagi_extension: 700\n\n"
        "200 result=1 (SUCCESS)\n200 result=0\n"
    )
    ended, deaf = 0, cast("Any", _Deaf())
    for _ in range(SESSIONS):
        reader = asyncio.StreamReader(limit=8192)
        reader.feed_data(mutated(chance, sane).encode(errors="replace"))
        reader.feed_eof()
        session = AgiSession(reader, deaf)
        try:
            async with asyncio.timeout(5):
                await session.environment()
                await session.variable("STASISSTATUS")
        except SessionBroken:
            ended += 1
    assert 0 < ended < SESSIONS


@pytest.fixture(scope="module")
def topics() -> TopicModel:
    return load_topics(ROOT / "dialplans" / "topics.yaml")


def test_plans(tmp_path: Path, topics: TopicModel) -> None:
    chance = random.Random(3)
    sane = (ROOT / "dialplans" / "documents.yaml").read_text(encoding="utf-8")
    refused, without_place = 0, list[str]()
    path = tmp_path / "documents.yaml"
    for _ in range(PLANS):
        path.write_bytes(mutated(chance, sane).encode(errors="surrogatepass"))
        try:
            load_plans(tmp_path, topics)
        except ConfigurationInvalid as invalid:
            refused += 1
            without_place += [str(finding) for finding in invalid.findings if not finding.message or finding.line < 1]
    assert without_place == []
    assert refused > PLANS // 2


def test_what_is_nested_without_end(tmp_path: Path, topics: TopicModel) -> None:
    """More deeply than parsers written in C can follow: they would end the process, and these tests with it."""
    assert decode_frame('{"type": ' + "[" * 1_000_000) is None
    for text in ("plan: " + "[" * 500_000, "plan: " + "{a: " * 200_000, "- " * 400_000):
        (tmp_path / "documents.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationInvalid, match="values are nested more than 20 deep"):
            load_plans(tmp_path, topics)


class _Deaf:
    """Takes what the session says and keeps nothing."""

    def write(self, data: object) -> None:
        pass

    async def drain(self) -> None:
        pass
