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

_RECIPE_VERSION = 1  # raise it when `sound.for_telephone` begins to make different sound


class Texts(Protocol):
    """What is needed of the prompt catalogue."""

    def all(self) -> Iterable[tuple[str, str, str]]: ...  # language, prompt, text

    def is_piece(self, prompt: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt's sound: made of `recording` when there is one, otherwise spoken from `text`; to be found at `path`.

    `piece`: joined with others within a sentence (numbers, units), so no pause is left at its end.
    """

    language: str
    prompt: str
    text: str
    piece: bool
    recording: Path | None
    path: Path


class PromptMedia:
    """The sound files of all prompts; built once, then a look-up costs nothing."""

    def __init__(self, files: Iterable[PromptFile]) -> None:
        self._files = {(file.language, file.prompt): file for file in files}

    @property
    def files(self) -> Iterable[PromptFile]:
        """Every prompt of every language."""
        return self._files.values()

    def path(self, language: str, prompt: str) -> Path:
        """The prompt's 8 kHz WAV; `SetupFailed` when the catalogue has no such prompt in that language."""
        try:
            return self._files[language, prompt].path
        except KeyError:
            raise SetupFailed(
                f'there is no prompt "{prompt}"', where=f"prompts/{language}.yaml", hint="add its text there"
            ) from None


def locate(texts: Texts, voices: Mapping[str, str], recordings: Path, directory: Path) -> PromptMedia:
    """Name the file of every prompt without touching sound.

    `voices`: language → the voice that speaks it, with its version; `recordings`: the folder that may hold
    `<language>/<prompt>.wav`, recorded by a person; `directory`: where the finished files go.
    Raises `SetupFailed` for a prompt without text and for a language that no voice speaks.
    """
    return PromptMedia(
        _file(language, prompt, text, texts.is_piece(prompt), voices, recordings, directory)
        for language, prompt, text in texts.all()
    )


def _file(
    language: str, prompt: str, text: str, piece: bool, voices: Mapping[str, str], recordings: Path, directory: Path
) -> PromptFile:
    recording: Path | None = recordings / language / f"{prompt}.wav"
    source: list[object]
    if recording is not None and recording.is_file():
        source = ["recorded", hashlib.sha256(recording.read_bytes()).hexdigest()]
    else:
        recording = None
        source = ["spoken", _voice(language, voices, prompt), _text(text, language, prompt)]
    parts = json.dumps([_RECIPE_VERSION, piece, *source], ensure_ascii=False)
    digest = hashlib.sha256(parts.encode()).hexdigest()[:12]
    return PromptFile(language, prompt, text, piece, recording, directory / language / f"{prompt}-{digest}.wav")


def _voice(language: str, voices: Mapping[str, str], prompt: str) -> str:
    try:
        return voices[language]
    except KeyError:
        raise SetupFailed(
            f'no voice speaks the language "{language}" of the prompt "{prompt}"',
            hint=f"record prompts/{language}/{prompt}.wav, or choose a language out of: {', '.join(sorted(voices))}",
        ) from None


def _text(text: str, language: str, prompt: str) -> str:
    if not text.strip():
        raise SetupFailed(
            f'the prompt "{prompt}" has no text', where=f"prompts/{language}.yaml", hint="write what is said"
        )
    return text
