"""Written Russian to the words a person would say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from recipe.numbers import cardinal

_WORD = re.compile("[а-яё]+")
_LONGEST_SENTENCE_WORDS = 14


def spoken_words(text: str) -> list[str]:
    """Lower-case Russian words of a text, numbers written out; everything else is dropped."""
    text = text.lower().replace("\u0301", "")

    def number(found: re.Match[str]) -> str:
        digits = found.group()
        return f" {cardinal(int(digits)) if len(digits) < 5 else ' '.join(map(cardinal, map(int, digits)))} "

    return _WORD.findall(re.sub(r"\d+", number, text))


def pieces(words: list[str], longest: int = _LONGEST_SENTENCE_WORDS) -> Iterator[str]:
    """A long sentence in parts that can be said in one breath."""
    count = -(-len(words) // longest) or 1
    size = -(-len(words) // count)
    for at in range(0, len(words), max(size, 1)):
        yield " ".join(words[at : at + size])


def fortunes(folder: Path) -> list[str]:
    """Sentences of the fortunes-ru package, without quotations' authors and anything in other scripts."""
    found: dict[str, None] = {}
    for file in sorted(folder.glob("*")):
        if file.suffix in (".dat", ".u8") or not file.is_file():
            continue
        for quotation in file.read_text("utf-8", "ignore").split("\n%"):
            without_author = re.sub(r"\n?\s+--.*", "", quotation)
            for sentence in re.split(r'[.!?;:()"\n]+\s*', without_author):
                if not re.search("[A-Za-z]", sentence) and len(words := spoken_words(sentence)) > 1:
                    found.update(dict.fromkeys(pieces(words)))
    return list(found)
