"""The scripted Asterisk says what the real one says: held against a recording of the real one.

`tests/agent/test_recording.py` plays the same scene on a real Asterisk and holds that against the recording too.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from ivr.line.ari import Frame
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.virtual_time import run_virtually
from tests.scene import meaning, play_scene

RECORDING = Path(__file__).parents[2] / "recordings" / "scene.json"


class Scripted:
    """The far side of the scripted Asterisk."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self._asterisk = asterisk

    async def press(self, key: str) -> None:
        self._asterisk.press("c1", key)

    async def hang_up_operator(self) -> None:
        self._asterisk.hang_up_caller("leg-anna")

    async def hang_up_caller(self) -> None:
        self._asterisk.hang_up_caller("c1")


def test_the_scripted_asterisk_says_what_the_real_one_says() -> None:
    asterisk = FakeAsterisk(
        {"anna": Telephone(0.5), "boris": Telephone(None, 0.5)}, lambda media: 0.1 if media.endswith("beep") else 30.0
    )

    async def wait_for(kind: str, about: str) -> Frame:
        while True:
            for frame in asterisk.sent:
                if frame["type"] == kind and f"'{about}'" in str(frame):
                    return frame
            await asyncio.sleep(0.05)

    async def play() -> list[str]:
        asterisk.call_in("c1", "88005553535", "+79990000001")
        return await play_scene(asterisk, "c1", wait_for, Scripted(asterisk), "waiting")

    refused = run_virtually(play())
    recorded = json.loads(RECORDING.read_text())
    assert meaning(asterisk.sent, "c1") == recorded["said"]
    assert refused == recorded["refused"]
