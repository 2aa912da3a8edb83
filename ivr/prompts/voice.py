"""Speech from text: a voice is a program that is run for each text (about 0.2 s for a sentence on one core)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.errors import SetupFailed
from ivr.provision.readers import InstalledReader
from ivr.provision.voices import Synthesiser

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SpokenVoice:
    """A voice of RHVoice. `voice`: one of `synthesiser.voices`; `rate`: 1.0 is the voice's own pace, 0.5–2.0."""

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
        options = (
            "--profile",
            self.voice,
            "--rate",
            f"{self.rate * 100:.0f}",
            "--input",
            "{text}",
            "--output",
            "{wav}",
        )
        return _spoken(self.voice, text, (*self.synthesiser.command, *options), self.synthesiser.environment)


@dataclass(frozen=True, slots=True)
class ReadVoice:
    """A voice of another program, see `provision.readers`; `name` is for messages."""

    name: str
    installed: InstalledReader

    @property
    def edition(self) -> str:
        """Changes whenever the same text would sound differently."""
        return f"{self.name} {self.installed.reader.edition}"

    def speak(self, text: str) -> bytes:
        """`text` as a WAV file (mono, 16 bit, at the voice's own rate of 16 or 22 kHz); blocks, threads may call it."""
        options = self.installed.reader.options
        return _spoken(self.name, text, (*self.installed.command, *options), self.installed.environment)


def _spoken(voice: str, text: str, command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """What the program wrote; through files: in a pipe, a WAV file could not say how long it is."""
    with TemporaryDirectory(prefix="ivr-speech-") as folder:
        written, wav = Path(folder) / "text", Path(folder) / "speech.wav"
        written.write_text(text.replace("\0", " "), encoding="utf-8")
        files = {"{text}": str(written), "{wav}": str(wav)}
        try:
            spoken = subprocess.run(
                [files.get(word, word) for word in command],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SetupFailed(f"the voice {voice} does not speak: {error}") from None
        if not wav.exists():
            said = spoken.stderr.decode(errors="replace").strip() or "is there anything to say?"
            raise SetupFailed(f"the voice {voice} said nothing: {said}")
        return wav.read_bytes()
