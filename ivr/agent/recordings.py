"""Both directions of a call as WAV files: what was heard, what was said."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from ivr.agent.leg import Leg, Recording


@dataclass(frozen=True, slots=True)
class Recorded:
    """Two files on their way; sound and silence keep the time of the call, from the beginning of the recording."""

    recordings: Recordings
    heard: Recording
    said: Recording

    async def finished(self) -> tuple[Path, Path]:
        """Wait until the leg's end has made the files whole; where they are now: heard, said."""
        await asyncio.gather(self.heard.finished(), self.said.finished())
        return await asyncio.to_thread(self._keep)

    def _keep(self) -> tuple[Path, Path]:
        spool, kept = self.recordings.spool, self.recordings.kept
        kept.mkdir(parents=True, exist_ok=True)
        name = self.heard.name.removesuffix("-in")
        heard, said = kept / f"{name}-heard.wav", kept / f"{name}-said.wav"
        shutil.move(spool / f"{self.heard.name}.wav", heard)
        shutil.move(spool / f"{self.said.name}.wav", said)
        return heard, said


@dataclass(frozen=True, slots=True)
class Recordings:
    """`spool`: where the agent's Asterisk writes; `kept`: where the finished files go."""

    spool: Path
    kept: Path

    async def start(self, leg: Leg) -> Recorded:
        """Record this leg from now on."""
        heard, said = await asyncio.gather(leg.record("in"), leg.record("out"))
        return Recorded(self, heard, said)
