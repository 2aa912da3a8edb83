"""Telephone lines as people write them and as switches dial them."""

from __future__ import annotations

import re

import phonenumbers

_SHORTEST_PUBLIC = 7
_SPELLING = re.compile(r"\+?[0-9() .\-\u2010-\u2015]+")


def normalised_line(text: str, region: str = "RU") -> str | None:
    """The digits of a line: country code first for public numbers (`8 800 555-35-35` → `78005553535`), as they are for
    short internal ones; None when `text` is no number."""
    if not _SPELLING.fullmatch(text):
        return None
    digits = "".join(character for character in text if character.isdecimal() and character.isascii())
    if not digits:
        return None
    if len(digits) < _SHORTEST_PUBLIC:
        return digits
    international = digits.startswith("7") and not text.lstrip().startswith("+")
    for written in (f"+{digits}", text) if international else (text,):
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return f"{number.country_code}{number.national_number}"
    return None
