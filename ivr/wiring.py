"""Where everything of one hotline is: what the controller is given to find the other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.config import RetentionSettings


@dataclass(frozen=True, slots=True)
class Wiring:
    """Addresses, passwords and folders, and how long what is kept."""

    machine: str
    """This machine's name among those that share the store."""
    store_url: str
    store_password: str | None
    asterisk_address: str
    asterisk_password: str
    agi_address: tuple[str, int]
    speech_addresses: Sequence[tuple[str, int]]
    speech_token: str
    keys: Path
    spool: Path
    archive: Path
    sounds: Path
    """Where Asterisk puts recordings while they are made."""
    recordings: Path
    """Where sealed recordings are kept."""
    retention: RetentionSettings
