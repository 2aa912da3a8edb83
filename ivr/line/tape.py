"""Recordings that Asterisk makes: each is named by its call, and stands as `NAME.sln` in Asterisk's own folder.

Raw signed linear has no header that could be wrong while the file grows, and may be gone on with after a break.
"""

from __future__ import annotations

from ivr.errors import AsteriskRefused
from ivr.line.ari import Ari

SUFFIX = ".sln"
_NOT_THERE = (404, 409)


class Tape:
    """What is asked of one Asterisk about its recordings; the end of each comes as `events.RecordingDone`."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari

    async def begin(self, name: str, channel: str) -> None:
        """Record what is heard on a channel until it ends; goes on with a file of that name if there is one."""
        await self._ari.request(
            "POST",
            f"channels/{channel}/record",
            name=name,
            format=SUFFIX.removeprefix("."),
            ifExists="append",
            maxDurationSeconds=0,
            maxSilenceSeconds=0,
            beep="false",
            terminateOn="none",
        )

    async def mute(self, name: str) -> bool:
        """Silence in place of what is heard: the times of the rest stay true. False when nothing is recorded."""
        return await self._tell("POST", f"{name}/mute")

    async def unmute(self, name: str) -> bool:
        return await self._tell("DELETE", f"{name}/mute")

    async def stop(self, name: str) -> bool:
        """End the recording; False when it has ended already."""
        return await self._tell("POST", f"{name}/stop")

    async def _tell(self, method: str, path: str) -> bool:
        try:
            await self._ari.request(method, f"recordings/live/{path}")
        except AsteriskRefused as error:
            if error.status not in _NOT_THERE:
                raise
            return False
        return True
