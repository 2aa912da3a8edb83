"""Programs that read English and Tatar aloud: RHVoice has no freely licensed voice for them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.provision.debian import Root


@dataclass(frozen=True, slots=True)
class Reader:
    """One program with one voice; in `options`, `{text}` and `{wav}` stand for the files it reads and writes."""

    package: str
    program: str
    options: tuple[str, ...]
    edition: str


@dataclass(frozen=True, slots=True)
class InstalledReader:
    """A reader that can be started with `command` and `environment`."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    reader: Reader


READERS: Mapping[str, Reader] = {
    # CMU Flite and its voice slt: free for any use. Talks more like a person than eSpeak does.
    "slt": Reader("flite", "usr/bin/flite", ("-voice", "slt", "-f", "{text}", "-o", "{wav}"), "1"),
    # eSpeak NG, GPL-3.0-or-later: plain, but the only free voice that reads Tatar (RHVoice's talgat is not free).
    "espeak-tt": Reader(
        "espeak-ng", "usr/bin/espeak-ng", ("-v", "tt", "-s", "150", "-f", "{text}", "-w", "{wav}"), "1"
    ),
}


def find_installed(environment: Mapping[str, str]) -> Mapping[str, InstalledReader]:
    """The readers whose programs are on `PATH`, by the voice's name."""
    found = {}
    for name, reader in READERS.items():
        program = shutil.which(reader.program.rpartition("/")[2], path=environment.get("PATH"))
        if program:
            found[name] = InstalledReader((program,), {}, reader)
    return found


def private(root: Root) -> Mapping[str, InstalledReader]:
    """All readers, out of an extracted root."""
    environment = {**root.environment, "ESPEAK_DATA_PATH": str(root.libraries)}
    return {
        name: InstalledReader(root.command(reader.program), environment, reader) for name, reader in READERS.items()
    }
