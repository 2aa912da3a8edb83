"""Which speech synthesiser serves: an installed RHVoice that has the free voices, else the private one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.errors import SetupFailed
from ivr.provision.debian import Root

# Only voices that a shipped product may speak with. Most Russian voices of the package are for non-commercial
# use only (among them evgeniy-rus); these are not, as its copyright file has it:
FREE_VOICES: Mapping[str, str] = {
    "aleksandr": "GPL-2.0-or-later",
    "aleksandr-hq": "CC-BY-SA-4.0",
    "anna": "GPL-2.0-or-later",
    "elena": "GPL-3.0",
    "irina": "GPL-2.0-or-later",
}

FOLDER = "usr/share/RHVoice/voices"

_PROGRAM = "RHVoice-test"
_FEWEST_VOICES = 2  # callers that are played in tests must not sound like the hotline itself
_SYSTEM_DATA, _SYSTEM_SETTINGS = Path("/usr/share/RHVoice"), Path("/etc/RHVoice")


@dataclass(frozen=True, slots=True)
class Synthesiser:
    """RHVoice's command-line program: `command` and `environment` start it; `voices` maps each name to its edition."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    voices: Mapping[str, str]


def find_installed(environment: Mapping[str, str], data: Path = _SYSTEM_DATA) -> Synthesiser | None:
    """The machine's own RHVoice when it is on `PATH` and has enough free voices, else None."""
    program = shutil.which(_PROGRAM, path=environment.get("PATH"))
    voices = _voices(data)
    return Synthesiser((program,), {}, voices) if program and len(voices) >= _FEWEST_VOICES else None


def private(root: Root) -> Synthesiser:
    """The RHVoice of an extracted root; `SetupFailed` when a voice is missing."""
    data = root.path / _SYSTEM_DATA.relative_to("/")
    settings = root.path / _SYSTEM_SETTINGS.relative_to("/")
    voices = _voices(data)
    if missing := set(FREE_VOICES) - set(voices):
        raise SetupFailed(f"voices are missing: {', '.join(sorted(missing))}", where=str(data))
    environment = {**root.environment, "RHVOICE_DATA_PATH": str(data), "RHVOICE_CONFIG_PATH": str(settings)}
    return Synthesiser(root.command(f"usr/bin/{_PROGRAM}"), environment, voices)


def _voices(data: Path) -> dict[str, str]:
    """The free voices that are there, each with its edition: the digits of its format and revision."""
    found = {}
    for name in FREE_VOICES:
        try:
            description = (data / "voices" / name / "voice.info").read_text()
        except OSError:
            continue
        found[name] = ".".join(re.findall(r"^(?:format|revision)=(\d+)", description, flags=re.MULTILINE))
    return found
