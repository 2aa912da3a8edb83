"""The difference of two texts as people read it: what changed, with a few lines around it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, TypedDict

_AROUND = 3


class Row(TypedDict):
    """A line of one text or of both; its number in each, counted from 1, None where it is not."""

    kind: Literal["same", "gone", "new"]
    before: int | None
    after: int | None
    text: str


def difference(before: str, after: str) -> list[list[Row]]:
    """Groups of rows, each a place where the texts differ."""
    old, new = before.splitlines(), after.splitlines()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        [row for operation in group for row in _rows(old, new, *operation)]
        for group in matcher.get_grouped_opcodes(_AROUND)
        if any(operation[0] != "equal" for operation in group)
    ]


def _rows(old: list[str], new: list[str], tag: str, i1: int, i2: int, j1: int, j2: int) -> Iterator[Row]:
    if tag == "equal":
        for shift in range(i2 - i1):
            yield Row(kind="same", before=i1 + shift + 1, after=j1 + shift + 1, text=old[i1 + shift])
        return
    for index in range(i1, i2):
        yield Row(kind="gone", before=index + 1, after=None, text=old[index])
    for index in range(j1, j2):
        yield Row(kind="new", before=None, after=index + 1, text=new[index])
