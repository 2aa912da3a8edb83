"""Where each prompt's sound lies on disk.

A file's name carries the digest of everything that went into it, so a file is never rewritten: a changed text gets a
new file, calls that play the old one are not disturbed, and "is it up to date?" is "does it exist?".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ivr.errors import SetupFailed

_VERSIONS_KEPT = 5
_ENDS_OF_SENTENCES = (".", "!", "?", "…", ":", ";")
_CLOSING = '»”")'
_RECIPE_VERSION = 1  # raise it when `sound.for_telephone` begins to make different sound


class Texts(Protocol):
    """What is needed of the prompt catalogue."""

    def all(self) -> Iterable[tuple[str, str, str]]: ...  # language, prompt, text

    def is_piece(self, prompt: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt's sound: made of `recording` when there is one, otherwise spoken from `text`; to be found at `path`.

    `piece`: joined with others within a sentence (numbers, units, «Вы в очереди»), so no pause is left at its end.
    """

    language: str
    prompt: str
    text: str
    piece: bool
    recording: Path | None
    path: Path


class PromptMedia:
    """The sound files of all prompts; made once, then a look-up costs nothing.

    What `unspoken` names, (language, prompt), has neither voice nor recording: it is heard in `otherwise` instead.
    """

    def __init__(
        self, files: Iterable[PromptFile], unspoken: Iterable[tuple[str, str]] = (), otherwise: str = ""
    ) -> None:
        self._files = {(file.language, file.prompt): file for file in files}
        self._otherwise = otherwise
        self.unspoken = frozenset(unspoken)

    @property
    def files(self) -> Iterable[PromptFile]:
        """Every prompt of every language."""
        return self._files.values()

    def path(self, language: str, prompt: str) -> Path:
        """The prompt's 8 kHz WAV; `SetupFailed` when the catalogue has no such prompt in that language."""
        file = self._files.get((language, prompt))
        if file is None and (language, prompt) in self.unspoken:
            file = self._files.get((self._otherwise, prompt))
        if file is None:
            raise SetupFailed(
                f'there is no prompt "{prompt}"', where=f"prompts/{language}.yaml", hint="add its text there"
            )
        return file.path


class CurrentMedia:
    """The prompts of the plans in force. Calls under way may still play prompts of the version they began with."""

    def __init__(self, media: PromptMedia) -> None:
        self._newest_first = [media]

    def renew(self, media: PromptMedia) -> None:
        """New calls hear these from now on."""
        self._newest_first = [media, *self._newest_first][:_VERSIONS_KEPT]

    def path(self, language: str, prompt: str) -> Path:
        """The prompt's sound; `SetupFailed` when no version that is kept has such a prompt."""
        for media in self._newest_first[:-1]:
            try:
                return media.path(language, prompt)
            except SetupFailed:
                continue
        return self._newest_first[-1].path(language, prompt)


def locate(
    texts: Texts, voices: Mapping[str, str], recordings: Path, directory: Path, otherwise: str = "ru"
) -> PromptMedia:
    """Name the file of every prompt without touching sound.

    `voices`: language → the voice that speaks it, with its version; `recordings`: the folder that may hold
    `<language>/<prompt>.wav`, recorded by a person; `directory`: where the finished files go. Callers hear in the
    language `otherwise` what has neither.
    Raises `SetupFailed` for a prompt without text, and when no voice speaks the language `otherwise`.
    """
    files, unspoken = [], []
    for language, prompt, text in texts.all():
        source = _source(recordings, voices, language, prompt, text)
        if source is None and language != otherwise:
            unspoken.append((language, prompt))
            continue
        if source is None:
            raise SetupFailed(
                f'no voice speaks the prompt "{prompt}" in "{language}"',
                hint=f"record {recordings}/{language}/{prompt}.wav, or name a voice for this language",
            )
        recording, origin = source
        piece = texts.is_piece(prompt) or not text.rstrip().rstrip(_CLOSING).endswith(_ENDS_OF_SENTENCES)
        parts = json.dumps([_RECIPE_VERSION, piece, *origin], ensure_ascii=False)
        digest = hashlib.sha256(parts.encode()).hexdigest()[:12]
        path = directory / language / f"{prompt}-{digest}.wav"
        files.append(PromptFile(language, prompt, text, piece, recording, path))
    return PromptMedia(files, unspoken, otherwise)


def _source(
    recordings: Path, voices: Mapping[str, str], language: str, prompt: str, text: str
) -> tuple[Path | None, tuple[str, ...]] | None:
    """The recording, if any, and what the sound is made of; None when nobody can say it."""
    recording = recordings / language / f"{prompt}.wav"
    if recording.is_file():
        return recording, ("recorded", hashlib.sha256(recording.read_bytes()).hexdigest())
    voice = voices.get(language)
    return None if voice is None else (None, ("spoken", voice, _text(text, language, prompt)))


def _text(text: str, language: str, prompt: str) -> str:
    if not text.strip():
        raise SetupFailed(
            f'the prompt "{prompt}" has no text', where=f"prompts/{language}.yaml", hint="write what is said"
        )
    return text
