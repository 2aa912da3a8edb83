"""Everything outside Python that the hotline needs: Asterisk, a speech synthesiser, music on hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.provision import asterisk as asterisks
from ivr.provision import debian, music, voices
from ivr.provision.asterisk import Asterisk
from ivr.provision.progress import Progress
from ivr.provision.sources import find_archive
from ivr.provision.voices import Synthesiser

_PACKAGES = debian.Wanted(
    suite=debian.SUITE,
    components=("main", "non-free"),  # RHVoice is in non-free for the sake of voices that are not kept here
    packages=("asterisk", "asterisk-core-sounds-ru-wav", "rhvoice", "rhvoice-russian"),
    pruned="usr/share/RHVoice/voices",
    kept=tuple(voices.FREE_VOICES),
)


@dataclass(frozen=True, slots=True)
class Provisions:
    """What setup found or made; `music` is a folder of WAV files for callers who wait."""

    asterisk: Asterisk
    synthesiser: Synthesiser
    music: Path


def provide(var: Path, environment: Mapping[str, str], progress: Progress) -> Provisions:
    """Find or make everything under `var`; quick when it is all there. `SetupFailed` says what is in the way.

    `environment` is the process's: `ASTERISK` names an installed Asterisk, `IVR_CACHE` a folder that keeps downloaded
    packages for other checkouts, `IVR_DEBIAN_ARCHIVE` another archive than the machine's own.
    """
    asterisk = asterisks.find_installed(environment)
    synthesiser = voices.find_installed(environment)
    if asterisk is None or synthesiser is None:
        cache = environment.get("IVR_CACHE")
        root = debian.provide(
            _PACKAGES,
            lambda: find_archive(Path("/etc"), environment),
            var / "debian",
            Path(cache).expanduser() if cache else None,
            _check,
            progress,
        )
        asterisk = asterisk or asterisks.private(root)
        synthesiser = synthesiser or voices.private(root)
    waiting = var / "music" / "waiting.wav"
    music.write(waiting)
    return Provisions(asterisk, synthesiser, waiting.parent)


def _check(root: debian.Root) -> None:
    asterisks.private(root)
    voices.private(root)
