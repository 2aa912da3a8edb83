"""What callers say: phrase templates in texts/*.txt, expanded at random but the same every time.

A line of a file is a template: {one|another|} is a choice, <name> one of a list in slots.txt or of the numbers below.
Lines of around.txt come before ("<") or after (">") the matter.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from recipe.numbers import ORDINAL_STEMS, cardinal, ordinal_forms

TEXTS = Path(__file__).parent / "texts"
TOPICS = (
    "access", "registration", "technical", "forms", "status", "documents", "payments", "appointment", "signature",
    "security", "operator", "out_of_scope",
)  # fmt: skip
OTHER = ("stories", "small_talk", "answers")
LETTERS = (
    "а бэ вэ гэ дэ е ё жэ зэ и ка эль эм эн о пэ эр эс тэ у эф ха цэ че ша ща э ю я "
    "краткое твёрдый мягкий знак"
).split()  # fmt: skip
_LETTERS_SAID = 30
_PLAIN, _BEFORE, _AFTER = 0.45, 0.4, 0.3
_PHRASES_A_TEMPLATE = 140

Chance = random.Random


class Phrases:
    """Templates by file, with the lists they refer to."""

    def __init__(self, folder: Path = TEXTS) -> None:
        self._folder = folder
        self._lists = dict(line.split(" = ", 1) for line in _lines(folder / "slots.txt"))
        around = list(_lines(folder / "around.txt"))
        self._before = [line[2:] for line in around if line.startswith("< ")]
        self._after = [line[2:] for line in around if line.startswith("> ")]

    def said(self, file: str, chance: Chance, a_template: int = _PHRASES_A_TEMPLATE) -> Iterator[str]:
        """About `a_template` different expansions of every template, fewer where it has fewer, most with something
        said before or after."""
        for template in _lines(self._folder / f"{file}.txt"):
            matters = {self.filled(template, chance) for _ in range(a_template)}
            for matter in sorted(matters):
                yield self._surrounded(matter, chance) if file in TOPICS else matter

    def _surrounded(self, matter: str, chance: Chance) -> str:
        if chance.random() < _PLAIN:
            return matter
        before = chance.choice(self._before) if chance.random() < _BEFORE / (1 - _PLAIN) else ""
        after = self.filled(chance.choice(self._after), chance) if chance.random() < _AFTER / (1 - _PLAIN) else ""
        return " ".join(f"{before} {matter} {after}".split())

    def filled(self, template: str, chance: Chance) -> str:
        """One expansion of a template."""

        def list_item(found: re.Match[str]) -> str:
            return chance.choice(self._lists[str(found.group(1))].split(" | "))

        def choice(found: re.Match[str]) -> str:
            word = str(found.group(1))
            return _NUMBERS[word](chance) if word in _NUMBERS else word

        def alternative(found: re.Match[str]) -> str:
            return chance.choice(str(found.group(1)).split("|"))

        text = re.sub(r"\{(\w+)\}", choice, template)
        text = re.sub(r"\{([^{}]*)\}", alternative, text)
        return " ".join(re.sub(r"<(\w+)>", list_item, text).split())


def _lines(file: Path) -> Iterator[str]:
    for line in file.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def _some_number(chance: Chance) -> str:
    return cardinal(chance.choice((chance.randrange(10), chance.randrange(100), chance.randrange(1000))))


def _digits(chance: Chance) -> str:
    return " ".join(cardinal(chance.randrange(10)) for _ in range(chance.randint(1, 4)))


def _long_number(chance: Chance) -> str:
    """A number of many digits as people group them: by one, two or three."""
    groups = []
    for _ in range(chance.randint(3, 5)):
        size = chance.choice((1, 2, 2, 3))
        number = chance.randrange(10**size)
        zeros = "ноль " if size > 1 and number < 10 ** (size - 1) else ""
        groups.append(zeros + cardinal(number))
    return " ".join(groups)


def _ordinal(chance: Chance) -> str:
    tens = chance.choice(("", "", "", "двадцать ", "тридцать ", "сорок ")) if chance.random() < 0.4 else ""
    which = chance.randint(1, 9) if tens else chance.randint(1, len(ORDINAL_STEMS))
    return tens + chance.choice(ordinal_forms(which)[:6])


def _letter(chance: Chance) -> str:
    return chance.choice(LETTERS[:_LETTERS_SAID])


_NUMBERS: dict[str, Callable[[Chance], str]] = {
    "number": _some_number,
    "digits": _digits,
    "code_digits": _long_number,
    "ordinal": _ordinal,
    "letter": _letter,
}
