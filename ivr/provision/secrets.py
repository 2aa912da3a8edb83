"""Random passwords of this checkout, made when first asked for and kept in `var/secrets.json` (mode 0600)."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from ivr.errors import SetupFailed
from ivr.locks import alone


class Secrets:
    """Passwords by name, such as `ari` or `operator/anna`; the same from every process of the checkout."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def password(self, name: str) -> str:
        """The password of that name: letters, digits, `-` and `_`, 128 bits; made now when there is none yet."""
        with alone(self._path):
            known = self._read()
            if name not in known:
                known[name] = secrets.token_urlsafe(16)
                self._write(known)
        return known[name]

    def _read(self) -> dict[str, str]:
        try:
            content = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        except ValueError:
            content = None
        if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
            raise SetupFailed(
                "the passwords of this checkout cannot be read",
                where=str(self._path),
                hint="delete the file, and new ones are made",
            )
        return content

    def _write(self, known: dict[str, str]) -> None:
        # under a new name first, so that a full disk or a crash never leaves half a file
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(known, file, indent=2)
        new.replace(self._path)
