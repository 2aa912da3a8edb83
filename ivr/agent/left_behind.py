"""Folders of agents: one for each running, and none kept of those that were killed."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from ivr.supervise import end_left_behind


def own_folder(parent: Path) -> Path:
    """A new name in `parent` for this process's agent; ends what killed agents left there, their Asterisk included."""
    for folder in parent.glob("*-agent-*"):
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            end_left_behind(folder)
            shutil.rmtree(folder, ignore_errors=True)
    return parent / f"{os.getpid()}-agent-{secrets.token_hex(3)}"
