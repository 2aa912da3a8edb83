"""Personal data: sealed at rest (AES-256-GCM), masked on display, found again by keyed hash.

Each call's personal data is sealed under that call's own data key, and the data key under a master key. Deleting the
data key therefore erases the call's personal data wherever copies of the record lie, archives and backups included;
changing the master key means wrapping the small data keys anew, not rewriting the journal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.errors import IvrError
from ivr.locks import alone

_KEY_BYTES = 32
_NONCE_BYTES = 12
_SHOWN_HEAD, _SHOWN_TAIL = 2, 2  # of a telephone number: country and first digit, last two digits


class PersonalDataUnreadable(IvrError):
    """Sealed data cannot be opened: its master key is missing here, or it was tampered with."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Master keys by id; `current` seals, all open. `lookup` makes the hashes by which a person is found again."""

    keys: Mapping[str, bytes]
    current: str
    lookup: bytes

    @classmethod
    def generate(cls) -> Keyring:
        """A new ring with one master key."""
        return cls({"k1": secrets.token_bytes(_KEY_BYTES)}, "k1", secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read the ring from a file that only its owner may read; made with fresh keys when there is none."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            with alone(path):  # two controllers of a new checkout may start at once
                if not path.exists():
                    cls.generate().save(path)
            return cls.load(path)
        if path.stat().st_mode & 0o077:
            raise IvrError("other users can read the master keys", where=str(path), hint=f"chmod 600 {path}")
        try:
            stored = json.loads(text)
            keys = {name: base64.b64decode(key) for name, key in stored["keys"].items()}
            lookup = base64.b64decode(stored["lookup"])
            return cls({name: _checked(key) for name, key in keys.items()}, str(stored["current"]), _checked(lookup))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise IvrError(
                "the file of master keys is damaged", where=str(path), hint="restore it from the backup of keys"
            ) from None

    def save(self, path: Path) -> None:
        """Write the ring, readable by its owner only, in one piece."""
        text = json.dumps(
            {
                "current": self.current,
                "keys": {name: base64.b64encode(key).decode() for name, key in self.keys.items()},
                "lookup": base64.b64encode(self.lookup).decode(),
            },
            indent=1,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def rotated(self) -> Keyring:
        """The ring with a new current master key; the old ones still open what they sealed."""
        name = f"k{1 + max(int(name[1:]) for name in self.keys)}"
        return Keyring({**self.keys, name: secrets.token_bytes(_KEY_BYTES)}, name, self.lookup)

    def wrap(self, key: bytes, call: str) -> str:
        """Seal a call's data key under the current master key; `call` is bound in, so it fits no other call."""
        return f"{self.current}.{_seal(self.keys[self.current], key, call)}"

    def unwrap(self, wrapped: str, call: str) -> bytes:
        """The data key of `wrap`; PersonalDataUnreadable when it is not to be had."""
        name, _, sealed = wrapped.partition(".")
        if name not in self.keys:
            raise PersonalDataUnreadable(
                f"personal data of call {call} needs master key {name!r}, which is not in the key file",
                hint="restore that key from the backup of keys",
            )
        return _open(self.keys[name], sealed, call)

    def is_current(self, wrapped: str) -> bool:
        """Whether the current master key has wrapped it."""
        return wrapped.partition(".")[0] == self.current

    def rewrap(self, wrapped: str, call: str) -> str:
        """The same data key under the current master key."""
        return self.wrap(self.unwrap(wrapped, call), call)

    def person(self, number: str) -> str:
        """By what a caller's number (any notation) is looked up, in place of the number: 32 hexadecimal characters."""
        digits = "".join(character for character in number if character.isdigit())
        if len(digits) == 11 and digits.startswith("8"):
            digits = f"7{digits[1:]}"
        return hmac.new(self.lookup, digits.encode(), hashlib.sha256).hexdigest()[:32]


def new_data_key() -> bytes:
    """A fresh key for one call's personal data."""
    return secrets.token_bytes(_KEY_BYTES)


def seal(key: bytes, personal: Mapping[str, str], context: str) -> str:
    """Personal facts as sealed text; `context` (which record) is bound in, so it cannot be moved to another record."""
    return _seal(key, json.dumps(dict(personal), ensure_ascii=False).encode(errors="replace"), context)


def unseal(key: bytes, sealed: str, context: str) -> dict[str, str]:
    """The inverse of `seal`; PersonalDataUnreadable when key or context differ."""
    opened: dict[str, str] = json.loads(_open(key, sealed, context))
    return opened


def masked(name: str, value: str) -> str:
    """What may be shown of the personal fact `name` without need: numbers by their ends, words by their count."""
    if not value:
        return ""
    if name in {"caller", "number"}:
        return mask_number(value)
    words = len(value.split())
    return f"({words} word{'s' if words != 1 else ''})"


def mask_number(number: str) -> str:
    """A telephone number with all but its ends hidden: `+7 9** ***-**-12`; short or foreign ones keep less."""
    digits = "".join(character for character in number if character.isdigit())
    if len(digits) == 11 and digits[0] in "78":
        return f"+7 {digits[1]}** ***-**-{digits[-_SHOWN_TAIL:]}"
    if len(digits) <= _SHOWN_HEAD + _SHOWN_TAIL + 2:
        return "*" * len(digits) or "***"
    hidden = len(digits) - _SHOWN_HEAD - _SHOWN_TAIL
    return f"+{digits[:_SHOWN_HEAD]}{'*' * hidden}{digits[-_SHOWN_TAIL:]}"


_TELLING = re.compile(
    r"(?<![\w.])\+?\d(?:[\s().-]{0,2}\d){9,14}(?!\w)"  # telephone, SNILS, passport: ten digits or more in a row
)


def redacted(text: str) -> str:
    """Free text with everything that looks like a telephone, SNILS or passport number hidden."""
    return _TELLING.sub("‹number›", text)


def _checked(key: bytes) -> bytes:
    if len(key) != _KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key


def _seal(key: bytes, plain: bytes, context: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, context.encode())).decode()


def _open(key: bytes, sealed: str, context: str) -> bytes:
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise PersonalDataUnreadable(f"sealed data of {context} does not open: wrong key, or it was changed") from None
