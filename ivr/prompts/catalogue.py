"""What callers hear: the text of every prompt in every language, read from `prompts/LANGUAGE.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.dialplan import spoken
from ivr.dialplan.nodes import Document, read
from ivr.dialplan.wording import show
from ivr.errors import ConfigurationInvalid, Finding

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Texts by language and prompt id; a `+` before a vowel marks its stress for the synthesiser."""

    texts: Mapping[str, Mapping[str, str]]
    """As the admin wrote them; the pieces that numbers are said with come from `dialplan.spoken`."""

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.texts)

    def ids(self, language: str) -> frozenset[str]:
        """The prompts that there are in `language`."""
        return frozenset(self.texts.get(language, ()))

    def text(self, language: str, prompt: str) -> str:
        """The words of a prompt; `KeyError` when there are none."""
        return self.texts[language].get(prompt) or spoken.pieces(language)[prompt]

    def all(self) -> Iterator[tuple[str, str, str]]:
        """Language, id and text of everything to be built."""
        for language, texts in self.texts.items():
            for prompt, text in {**spoken.pieces(language), **texts}.items():
                yield language, prompt, text

    def is_piece(self, prompt: str) -> bool:
        """Whether the prompt is a part of a number: joined with others, so without silence around it."""
        return any(prompt in spoken.pieces(language) for language in self.texts)


def load_catalogue(directory: Path) -> Catalogue:
    """Read every `LANGUAGE.yaml` of a directory; raises `ConfigurationInvalid` with all findings."""
    texts: dict[str, dict[str, str]] = {}
    findings: list[Finding] = []
    for path in sorted(directory.glob("*.yaml")):
        document = _read(path)
        if not _LANGUAGE.fullmatch(path.stem):
            document.add(
                document.value_mark(()), f'"{path.stem}" is not a language', "name the file ru.yaml, en.yaml, tt.yaml"
            )
        texts[path.stem] = _texts(document)
        findings += document.findings
    if not texts:
        findings.append(Finding(str(directory), 1, 1, "error", "there are no prompts here", "add ru.yaml"))
    if findings:
        raise ConfigurationInvalid(findings)
    return Catalogue(texts)


def _read(path: Path) -> Document:
    try:
        return read(path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        document = read("", str(path))
        document.add(document.value_mark(()), f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8")
        return document


def _texts(document: Document) -> dict[str, str]:
    data = document.data
    if not isinstance(data, dict):
        if not document.findings:
            document.add(document.value_mark(()), "there is no prompt here", 'write "id: text", one a line')
        return {}
    texts = {}
    for prompt, text in data.items():
        if not _ID.fullmatch(prompt):
            document.add(
                document.key_mark((prompt,)),
                f"{show(prompt)} is not a prompt's id",
                "write small Latin letters, digits and _, a letter first",
            )
        elif not isinstance(text, str) or not text.strip():
            document.add(
                document.value_mark((prompt,)), f'prompt "{prompt}" has no text', "write it after the colon, in quotes"
            )
        elif len(text) > _LONGEST_TEXT:
            document.add(
                document.value_mark((prompt,)),
                f'prompt "{prompt}" is longer than {_LONGEST_TEXT} characters',
                "split it",
            )
        else:
            texts[prompt] = " ".join(text.split())
    return texts
