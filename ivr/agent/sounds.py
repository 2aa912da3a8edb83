"""What callers and operators say, as files that Asterisk can play; made once, then kept."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Protocol

from ivr.agent.script import PlayFile, Say
from ivr.errors import CallFailed
from ivr.prompts.sound import at_telephone_rate, for_telephone, read_wav, write_wav


class Voice(Protocol):
    """What is needed of a synthesiser; `edition` changes when the same text would sound otherwise."""

    @property
    def edition(self) -> str: ...

    def speak(self, text: str) -> bytes:
        """The text as a WAV file of any rate."""
        ...


class Sounds:
    """Files of 8 kHz in `directory`. Without a `voice` only `PlayFile` works."""

    def __init__(self, directory: Path, voice: Voice | None) -> None:
        self._directory = directory
        self._voice = voice
        self._one_at_a_time = asyncio.Lock()  # twenty callers with the same words: the first makes the file

    async def of(self, action: Say | PlayFile) -> Path:
        """The file to play; `CallFailed` when it cannot be made."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._make, action)

    def _make(self, action: Say | PlayFile) -> Path:
        return self._spoken(action) if isinstance(action, Say) else self._converted(action)

    def _spoken(self, action: Say) -> Path:
        voice = self._voice
        if voice is None:
            raise CallFailed("there is no voice to speak with", hint="play a WAV file instead")
        path = self._path(voice.edition, action.text.encode())
        if not path.exists():
            try:
                write_wav(for_telephone(read_wav(voice.speak(action.text))), path)
            except ValueError as error:
                raise CallFailed(f'"{action.text}" cannot be spoken: {error}') from error
        return path

    def _converted(self, action: PlayFile) -> Path:
        try:
            data = action.path.read_bytes()
            path = self._path("file", data)
            if not path.exists():
                write_wav(at_telephone_rate(read_wav(data)), path)
        except (OSError, ValueError) as error:
            raise CallFailed(f"cannot be played: {error}", where=str(action.path)) from error
        return path

    def _path(self, kind: str, content: bytes) -> Path:
        digest = hashlib.sha256(kind.encode() + b"\0" + content).hexdigest()[:16]
        return self._directory / f"{digest}.wav"
