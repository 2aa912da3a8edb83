"""Writes plans and prompts that an admin has finished: whole files or nothing, and never over somebody's change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.config import Home
from ivr.dialplan.drafts import FILE
from ivr.errors import IvrError

NEW = "new"
"""The mark of a file that is not there yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file's new `text`; `base` is the mark of the content that it was made from (`mark_of`)."""

    text: str
    base: str


class ChangedMeanwhile(IvrError):
    """Somebody has changed these files since they were read; nothing was written."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        super().__init__(f"somebody has changed {', '.join(files)} meanwhile", hint="look at their change, then decide")


def mark_of(content: bytes | None) -> str:
    """What tells whether a file is still the same; None: it is not there."""
    return NEW if content is None else hashlib.sha256(content).hexdigest()[:16]


def content_of(home: Home, file: str) -> bytes | None:
    """What a file holds now, None when it is not there."""
    if not FILE.fullmatch(file):
        raise IvrError(f"{file} is no file of plans or prompts", hint="dialplans/NAME.yaml or prompts/LANGUAGE.yaml")
    try:
        return (home.root / file).read_bytes()
    except FileNotFoundError:
        return None


def text_of(content: bytes | None, file: str) -> str:
    """The file's text; IvrError when it is none, so that nobody saves it spoiled."""
    try:
        return (content or b"").decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise IvrError(f"byte {error.start + 1} of {file} is not UTF-8", hint="save the file as UTF-8") from None


def save(home: Home, changes: Mapping[str, Change]) -> None:
    """Write all of them, or none: `ChangedMeanwhile` when one is not what its change was made from. Blocks."""
    unfinished: dict[Path, Path] = {}
    try:
        for file, change in changes.items():
            content_of(home, file)  # refuses names that are none of ours
            target = home.root / file
            unfinished[target] = target.with_name(f".{target.name}.new")
            _write(unfinished[target], change.text)
        changed = dict(_changed(home, changes))
        if changed:
            raise ChangedMeanwhile(changed)
        for target, written in unfinished.items():
            written.replace(target)
    finally:
        for written in unfinished.values():
            written.unlink(missing_ok=True)


def _changed(home: Home, changes: Mapping[str, Change]) -> Iterator[tuple[str, str]]:
    for file, change in changes.items():
        content = content_of(home, file)
        if mark_of(content) != change.base:
            yield file, text_of(content, file)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as opened:
        opened.write(text if text.endswith("\n") else f"{text}\n")
        opened.flush()
        os.fsync(opened.fileno())
