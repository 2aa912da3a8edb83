"""Everything outside Python that the hotline needs: Asterisk, a speech synthesiser, music on hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ivr.provision import asterisk as asterisks
from ivr.provision import debian, music, readers, voices
from ivr.provision.asterisk import Asterisk
from ivr.provision.progress import Progress
from ivr.provision.readers import READERS, InstalledReader
from ivr.provision.sources import find_archive
from ivr.provision.voices import Synthesiser

_ASTERISK_PACKAGES = ("asterisk", "asterisk-core-sounds-ru-wav")
_VOICE_PACKAGES = ("rhvoice", "rhvoice-russian")
_COMPONENTS = ("main", "non-free")  # RHVoice is in non-free for the sake of voices that are not kept here


@dataclass(frozen=True, slots=True)
class Provisions:
    """What setup found or made; `music` is a folder of WAV files for callers who wait."""

    asterisk: Asterisk
    synthesiser: Synthesiser
    readers: Mapping[str, InstalledReader]
    music: Path


def provide(var: Path, environment: Mapping[str, str], progress: Progress) -> Provisions:
    """Find or make everything under `var`; quick when it is all there. `SetupFailed` says what is in the way.

    `environment` is the process's: `ASTERISK` names an installed Asterisk, `IVR_CACHE` a folder that keeps downloaded
    packages for other checkouts, `IVR_DEBIAN_ARCHIVE` another archive than the machine's own.
    """
    asterisk, synthesiser = asterisks.find_installed(environment), voices.find_installed(environment)
    installed = readers.find_installed(environment)
    missing = tuple(READERS[name].package for name in READERS if name not in installed)
    if asterisk and asterisk.missing_features:
        progress.note(f"Asterisk {asterisk.version} serves, without {' and '.join(asterisk.missing_features)}")

    def check(root: debian.Root) -> Provisions:
        return Provisions(
            asterisk or asterisks.private(root),
            synthesiser or voices.private(root),
            {**(readers.private(root) if missing else {}), **installed},
            waiting.parent,
        )

    waiting = var / "music" / "waiting.wav"
    music.write(waiting)
    if asterisk and synthesiser and not missing:
        return Provisions(asterisk, synthesiser, installed, waiting.parent)
    packages = (*(() if asterisk else _ASTERISK_PACKAGES), *(() if synthesiser else _VOICE_PACKAGES), *missing)
    wanted = debian.Wanted(debian.SUITE, _COMPONENTS, packages, voices.FOLDER, tuple(voices.FREE_VOICES))
    cache = environment.get("IVR_CACHE")
    downloads = Path(cache).expanduser() if cache else None
    archive = partial(find_archive, Path("/etc"), environment)
    return check(debian.provide(wanted, archive, var / "debian", downloads, check, progress))
