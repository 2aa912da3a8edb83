"""Speech from text: one voice of RHVoice, a process for each text (about 0.2 s for a sentence on one core)."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.errors import SetupFailed
from ivr.provision.voices import Synthesiser

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SpokenVoice:
    """`voice`: one of `synthesiser.voices`; `rate`: 1.0 is the voice's own pace, 0.5–2.0."""

    synthesiser: Synthesiser
    voice: str
    rate: float = 1.0

    def __post_init__(self) -> None:
        # RHVoice itself would quietly speak with another voice
        if self.voice not in self.synthesiser.voices:
            raise SetupFailed(
                f'there is no voice "{self.voice}"', hint=f"choose one of: {', '.join(self.synthesiser.voices)}"
            )

    @property
    def edition(self) -> str:
        """Changes whenever the same text would sound differently."""
        return f"{self.voice} {self.synthesiser.voices[self.voice]} at {self.rate:g}"

    def speak(self, text: str) -> bytes:
        """`text` as a WAV file (mono, 16 bit, at the voice's own rate of 16 or 24 kHz); blocks, threads may call it."""
        with TemporaryDirectory(prefix="ivr-speech-") as folder:
            # into a file: written to a pipe, a WAV file could not say how long it is
            wav = Path(folder) / "speech.wav"
            options = ("--profile", self.voice, "--rate", f"{self.rate * 100:.0f}", "--output", str(wav))
            try:
                spoken = subprocess.run(
                    [*self.synthesiser.command, *options],
                    input=text.replace("\0", " ").encode(),
                    env={**os.environ, **self.synthesiser.environment},
                    capture_output=True,
                    check=False,
                    timeout=_TIMEOUT_SECONDS,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise SetupFailed(f"the voice {self.voice} does not speak: {error}") from None
            if not wav.exists():
                said = spoken.stderr.decode(errors="replace").strip() or "is there anything to say?"
                raise SetupFailed(f"the voice {self.voice} said nothing: {said}")
            return wav.read_bytes()
