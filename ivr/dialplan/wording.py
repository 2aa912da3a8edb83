"""Errors in the admin's words: what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rapidfuzz import fuzz, process

_CLOSE = 60


def close_match(word: str, known: Iterable[str]) -> str:
    """`did you mean "…"?` or, when nothing is close, what there is to choose from."""
    names = sorted(known)
    found = process.extractOne(word, names, scorer=fuzz.ratio, score_cutoff=_CLOSE)
    if found is not None:
        return f'did you mean "{found[0]}"?'
    if not names:
        return ""
    return "choose from " + listed(names)


def listed(names: Iterable[str], most: int = 20) -> str:
    """`a, b, c`, cut off after `most`."""
    all_names = list(names)
    return ", ".join(all_names[:most]) + (", …" if len(all_names) > most else "")


_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "model_type": "keys with values below it",
    "dict_type": "keys with values below it",
    "tuple_type": 'a list: one "- …" a line',
    "list_type": 'a list: one "- …" a line',
}
NAME_IN_WORDS = "small Latin letters, digits and _, a letter first"
_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": NAME_IN_WORDS,
    r"^[0-9*#]$": 'one key of the telephone: 0–9, "*" or "#" (the last two in quotes)',
    r"^[a-z]{2}$": "two letters: ru, en, tt",
}


def explain(kind: str, message: str, value: Any, context: dict[str, Any]) -> tuple[str, str]:
    """Message and hint for one of pydantic's errors of the type `kind` about `value`."""
    shown = show(value)
    if kind in _KINDS:
        if value is None:
            return f"this is empty, but {_KINDS[kind]} is needed", "write it after the colon"
        return f"{shown} is not {_KINDS[kind]}", _truth_hint(kind, value)
    if kind == "string_pattern_mismatch":
        return f"{shown} does not fit", f"write {_PATTERNS.get(context['pattern'], context['pattern'])}"
    if kind == "literal_error":
        return f"{shown} is not one of these", f"write {context['expected']}"
    if kind in ("too_short", "empty"):
        return "the list is empty", "add at least one entry, or remove the key"
    if kind in ("string_too_long", "string_too_short"):
        return f"{shown} has a length that does not fit", message.lower()
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"):
        return f"{shown} is out of range", message.removeprefix("Input ").lower()
    return message, str(context.get("hint", ""))


def _truth_hint(kind: str, value: Any) -> str:
    if kind.startswith("bool") and str(value).lower() in {"yes", "on", "y"}:
        return "write true"
    if kind.startswith("bool") and str(value).lower() in {"no", "off", "n"}:
        return "write false"
    return ""


def show(value: Any) -> str:
    """A value in a message, short."""
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list | tuple):
        return "a list"
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return f'"{text if len(text) <= 40 else text[:39] + "…"}"'
