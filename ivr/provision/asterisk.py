"""Which Asterisk serves: one that the machine already has (20 or newer), else the private one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.errors import SetupFailed
from ivr.provision.debian import Root

OLDEST_VERSION = 20
FULL_VERSION = 22
MISSING_BEFORE_22 = ("media over WebSocket", "ARI requests over the event socket")

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/asterisk/sbin")
_MODULE_FOLDERS = ("lib/asterisk/modules", "lib64/asterisk/modules", "lib/*/asterisk/modules")
_DATA_FOLDERS = ("share/asterisk", "var/lib/asterisk", "../var/lib/asterisk")
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Asterisk:
    """A usable Asterisk: `command` and `environment` start it; `modules` and `data` are its folders."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    version: str
    modules: Path
    data: Path

    @property
    def missing_features(self) -> tuple[str, ...]:
        """What this version cannot do, for people."""
        return MISSING_BEFORE_22 if _major(self.version) < FULL_VERSION else ()


def find_installed(environment: Mapping[str, str]) -> Asterisk | None:
    """The Asterisk that `ASTERISK` names, else a recent enough one on `PATH` or in the usual folders, else None.

    Raises `SetupFailed` when the one that was named is no use.
    """
    named = environment.get("ASTERISK")
    if named:
        program = shutil.which(named, path=environment.get("PATH"))
        if program is None:
            raise SetupFailed(f"ASTERISK names {named}, which is not a program", hint="give its full path, or unset it")
        return _installed(Path(program))
    folders = os.pathsep.join((environment.get("PATH", ""), *_SYSTEM_FOLDERS))
    program = shutil.which("asterisk", path=folders)
    if program is None:
        return None
    try:
        return _installed(Path(program))
    except SetupFailed:
        return None  # too old, or only half there: the private one serves


def private(root: Root) -> Asterisk:
    """The Asterisk of an extracted root; `SetupFailed` when it does not run or something of it is missing."""
    command = root.command("usr/sbin/asterisk")
    modules, data = root.libraries / "asterisk" / "modules", root.path / "usr" / "share" / "asterisk"
    for needed in (modules / "chan_pjsip.so", data / "documentation", data / "sounds" / "ru_RU_f_IvrvoiceRU"):
        if not needed.exists():
            raise SetupFailed("a part of Asterisk is missing", where=str(needed))
    return Asterisk(command, root.environment, _ask_version(command, root.environment), modules, data)


def _installed(program: Path) -> Asterisk:
    version = _ask_version((str(program),), {})
    if _major(version) < OLDEST_VERSION:
        raise SetupFailed(
            f"Asterisk {version} is too old, {OLDEST_VERSION} is the oldest that serves",
            where=str(program),
            hint=f"install Asterisk {FULL_VERSION}, or unset ASTERISK to use a private one",
        )
    prefix = program.resolve().parent.parent
    modules = _first_with(prefix, _MODULE_FOLDERS, "chan_pjsip.so")
    data = _first_with(prefix, _DATA_FOLDERS, "documentation")
    if modules is None or data is None:
        missing = "modules (with chan_pjsip.so)" if modules is None else "documentation, which it needs to start,"
        raise SetupFailed(
            f"the {missing} of this Asterisk cannot be found under {prefix}",
            where=str(program),
            hint="unset ASTERISK to use a private one",
        )
    return Asterisk((str(program),), {}, version, modules, data)


def _first_with(prefix: Path, patterns: tuple[str, ...], entry: str) -> Path | None:
    return next(
        (path for pattern in patterns for path in sorted(prefix.glob(pattern)) if (path / entry).exists()), None
    )


def _ask_version(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    try:
        answer = subprocess.run(
            [*command, "-V"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(f"Asterisk does not run: {error}", where=command[-1]) from None
    found = re.match(r"Asterisk (?:certified/)?(\d+\S*)", answer.stdout)
    if found is None:
        said = (answer.stderr or answer.stdout).strip().splitlines()
        raise SetupFailed(f"Asterisk does not run: {said[-1] if said else 'it says nothing'}", where=command[-1])
    return found[1]


def _major(version: str) -> int:
    digits = re.match(r"\d+", version)
    return int(digits[0]) if digits else 0
