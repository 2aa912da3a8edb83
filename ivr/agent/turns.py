"""Carries out one turn of a script on a leg."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ivr.agent.leg import Leg
from ivr.agent.script import PlayFile, Press, Say, Turn, Wait
from ivr.agent.sounds import Sounds


async def prepare(sounds: Sounds, turn: Turn) -> dict[Say | PlayFile, Path]:
    """Make the turn's sounds beforehand, so that a caller never hesitates for the synthesiser's sake."""
    return {action: await sounds.of(action) for action in turn if isinstance(action, Say | PlayFile)}


async def take_turn(leg: Leg, sounds: Sounds, turn: Turn, tell: Callable[..., None]) -> None:
    """Do what the turn says; `tell(step, **data)` before each word and key. Raises `LegEnded` with the call's end."""
    files = await prepare(sounds, turn)
    for action in turn:
        match action:
            case Say(text):
                tell("speaks", text=text)
                await leg.play(files[action])
            case PlayFile(path):
                tell("plays", file=path.name)
                await leg.play(files[action])
            case Press(key):
                tell("presses", key=key)
                await leg.press(key)
            case Wait(seconds):
                await asyncio.sleep(seconds)
