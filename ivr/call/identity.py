"""Names for calls: short enough to read out, sortable by arrival."""

from __future__ import annotations

from ivr.call.events import CallId

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to mishear
_EPOCH_MILLISECONDS = 1_704_067_200_000  # 2024-01-01T00:00:00Z
_TIME_CHARACTERS = 8  # 40 bits of milliseconds: until 2058
_RANDOM_CHARACTERS = 4


def new_call_id(wall_seconds: float, random_bits: int) -> CallId:
    """Name a call that arrived at `wall_seconds` (Unix time); 20 `random_bits` tell calls of one millisecond apart."""
    milliseconds = int(wall_seconds * 1000) - _EPOCH_MILLISECONDS
    if not 0 <= milliseconds < 1 << 5 * _TIME_CHARACTERS:
        raise ValueError(f"the clock reads {wall_seconds} s since 1970; call names can be made for 2024–2058 only")
    return CallId(_encode(milliseconds, _TIME_CHARACTERS) + _encode(random_bits, _RANDOM_CHARACTERS))


def arrived_seconds(call: str) -> float | None:
    """When the call of that name arrived, Unix time; None when no call is named so."""
    head = call[:_TIME_CHARACTERS]
    if len(call) != _TIME_CHARACTERS + _RANDOM_CHARACTERS or any(character not in _ALPHABET for character in call):
        return None
    milliseconds = 0
    for character in head:
        milliseconds = milliseconds << 5 | _ALPHABET.index(character)
    return (milliseconds + _EPOCH_MILLISECONDS) / 1000


def _encode(number: int, characters: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(characters)))
