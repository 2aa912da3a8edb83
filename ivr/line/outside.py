"""Telephones beyond our own, rung through the provider's line: only those that the admin has allowed. Pure.

A hotline that dials what callers or forms tell it to is soon used to call expensive numbers at its owner's cost. So
plans and operators name telephones of `config/ivr.yaml`, and a caller is rung back only where `call_back` allows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.errors import IvrError

_WRITTEN = re.compile(r"[\s().-]")
_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_RUSSIAN = re.compile(r"(?:\+?7|8)([0-9]{10})")


class NotRungOutside(IvrError):
    """We may not, or cannot, ring that telephone."""


@dataclass(frozen=True, slots=True)
class Outside:
    """`line`: whether the provider takes our calls. `named`: the telephones that may be rung, by name; `call_back`: how
    numbers begin that may be rung back."""

    line: bool = False
    named: Mapping[str, str] | None = None
    call_back: Sequence[str] = ()

    def endpoint(self, name: str) -> str:
        """How to ring the outside telephone of that name; `NotRungOutside` when there is none."""
        number = (self.named or {}).get(name)
        if number is None:
            known = ", ".join(self.named or ()) or "none yet"
            raise NotRungOutside(
                f'there is no outside telephone "{name}"', where="config/ivr.yaml: outside", hint=f"there is {known}"
            )
        dialled = international(number)
        if dialled is None or not self.line:
            raise NotRungOutside(
                f'the outside telephone "{name}" cannot be rung',
                where="config/ivr.yaml",
                hint='write its number like "+7 495 000-00-00", and where our calls go as trunk: outgoing',
            )
        return f"{dialled}@trunk"

    def caller(self, number: str) -> str | None:
        """How to ring a caller back; None when that number may not be rung."""
        dialled = international(number)
        if dialled is None or not self.line or not any(dialled.startswith(start) for start in self.call_back):
            return None
        return f"{dialled}@trunk"


def international(number: str) -> str | None:
    """A number in any usual spelling as +79990000000; None when it is none. Short numbers stay as they are."""
    bare = _WRITTEN.sub("", number)
    if (russian := _RUSSIAN.fullmatch(bare)) is not None:
        return f"+7{russian[1]}"
    return bare if _NUMBER.fullmatch(bare) else None


NOWHERE = Outside()
