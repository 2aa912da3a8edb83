"""The recording that the scripted Asterisk is held against stays true: the scene is played on a real Asterisk.

With `IVR_RECORD=1` the recording is written anew instead.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ivr.agent.agent import Agent
from ivr.agent.script import CallScript, OperatorScript, keys
from ivr.line.ari import Frame
from ivr.provision.setup import Provisions
from tests.agent.conftest import PASSWORDS, OtherSide
from tests.scene import meaning, play_scene

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]

RECORDING = Path(__file__).parents[1] / "recordings" / "scene.json"


class Telephones:
    """The agent's callers and operators follow their scripts by themselves; the scene only waits for what they do."""

    async def press(self, key: str) -> None: ...

    async def hang_up_operator(self) -> None: ...

    async def hang_up_caller(self) -> None: ...


async def test_a_real_asterisk_says_what_the_recording_says(
    agent: Agent, other_side: OtherSide, provisions: Provisions
) -> None:
    scene: asyncio.Future[tuple[str, list[str]]] = asyncio.get_running_loop().create_future()

    async def enter(channel: str, arguments: Sequence[str]) -> None:
        if arguments[0] == "operator":
            await other_side.ari.request("POST", f"channels/{channel}/answer")
            await other_side.ari.request("DELETE", f"channels/{channel}")
            return

        async def wait_for(kind: str, about: str) -> Frame:
            return await other_side.saw(kind, f"'{about}'")

        try:
            refused = await play_scene(
                other_side.ari, channel, wait_for, Telephones(), str(provisions.music / "waiting")
            )
            scene.set_result((channel, refused))
        except TimeoutError as error:
            scene.set_exception(error)

    other_side.on_call = enter
    async with (
        agent.operator("anna", PASSWORDS["anna"], OperatorScript(talk_seconds=1.0)),
        agent.operator("boris", PASSWORDS["boris"], OperatorScript(decline=True)),
    ):
        began = len(other_side.frames)
        await agent.call("88005553535", CallScript((keys("5"),), say_after_seconds=1.5, hang_up_after_seconds=7.0))
        caller, refused = await scene
    ours = [frame for frame in other_side.frames[began:] if "operator" not in frame.get("args", ())]
    # Those by which the operators have signed on may end only now.
    codes = {frame["channel"]["id"] for frame in other_side.frames if "operator" in frame.get("args", ())}
    said: dict[str, Any] = {
        channel: events for channel, events in meaning(ours, caller).items() if channel not in codes
    }
    if os.environ.get("IVR_RECORD"):
        RECORDING.write_text(json.dumps({"refused": refused, "said": said}, indent=1) + "\n")
    recorded = json.loads(RECORDING.read_text())
    assert said == recorded["said"]
    assert refused == recorded["refused"]
