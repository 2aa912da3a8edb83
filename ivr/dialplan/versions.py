"""Versions of what admins write: each that went live is kept whole, and one of them is live.

    var/versions/0007/{dialplans,prompts}/*.yaml    what went live as the seventh
    var/versions/live.json                          {"version": 7, "considered": "<digest of the working files>"}

`considered` is what keeps a rollback from being undone by the next start: the same working files aren't tried twice.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivr.errors import IvrError

FOLDERS = ("dialplans", "prompts")
MOST_VERSIONS = 100

Files = Mapping[str, bytes]
"""Contents by path: `dialplans/federal.yaml`."""


@dataclass(frozen=True, slots=True)
class Version:
    """One set of files that went live at `at`; `digest` tells equal sets."""

    number: int
    digest: str
    at: datetime
    changed: tuple[str, ...]
    """Files that differ from the version before."""


def read_files(root: Path) -> dict[str, bytes]:
    """What is under `root/dialplans` and `root/prompts` now."""
    paths = [path for folder in FOLDERS for path in sorted((root / folder).glob("*.yaml"))]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


def digest_of(files: Files) -> str:
    """The same for the same files."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()[:16]


class Versions:
    """The versions of one checkout. Safe against an end at any moment: folders are renamed, `live.json` replaced."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pointer = directory / "live.json"

    def all(self) -> list[Version]:
        """All that are kept, oldest first."""
        folders = sorted(path for path in self.directory.glob("[0-9]*") if (path / "version.json").exists())
        return [_read(path) for path in folders]

    def live(self) -> Version | None:
        """The version that callers meet; None before the first."""
        number = self._pointed().get("version")
        return next((version for version in self.all() if version.number == number), None)

    def root(self, number: int) -> Path:
        """Where the files of a version lie, as in a checkout."""
        return self.directory / f"{number:04}"

    def considered(self) -> str:
        """The digest of the working files that were last tried, live or not."""
        return str(self._pointed().get("considered", ""))

    def consider(self, digest: str) -> None:
        """These working files have been tried, and were refused or rolled back."""
        live = self.live()
        self._point(live.number if live else 0, digest)

    def add(self, files: Files, at: datetime) -> Version:
        """Keep these files as a new version and make it live."""
        known = self.all()
        number = known[-1].number + 1 if known else 1
        before = read_files(self.root(known[-1].number)) if known else {}
        changed = tuple(sorted(name for name in files.keys() | before.keys() if files.get(name) != before.get(name)))
        version = Version(number, digest_of(files), at, changed)
        unfinished = self.directory / f".{number:04}"
        shutil.rmtree(unfinished, ignore_errors=True)
        for name, content in files.items():
            target = unfinished / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        facts = {"number": number, "digest": version.digest, "at": at.isoformat(), "changed": changed}
        (unfinished / "version.json").write_text(json.dumps(facts), encoding="utf-8")
        unfinished.rename(self.root(number))
        self._point(number, version.digest)
        for old in known[: max(0, len(known) + 1 - MOST_VERSIONS)]:
            shutil.rmtree(self.root(old.number))
        return version

    def back_to(self, number: int | None, working: str) -> Version:
        """Make an earlier version live; None: the one before. `working` is the digest of the files as they are now."""
        live, known = self.live(), self.all()
        if number is None:
            earlier = [version for version in known if live is not None and version.number < live.number]
            if not earlier:
                raise IvrError("there is no version before this one", hint="`ivr versions` lists what there is")
            number = earlier[-1].number
        found = next((version for version in known if version.number == number), None)
        if found is None:
            raise IvrError(f"there is no version {number}", hint="`ivr versions` lists what there is")
        self._point(number, working)
        return found

    def _pointed(self) -> dict[str, object]:
        try:
            content = json.loads(self._pointer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _point(self, number: int, considered: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        written = self._pointer.with_suffix(".new")
        written.write_text(json.dumps({"version": number, "considered": considered}), encoding="utf-8")
        written.replace(self._pointer)


def _read(path: Path) -> Version:
    facts = json.loads((path / "version.json").read_text(encoding="utf-8"))
    at = datetime.fromisoformat(facts["at"]).astimezone(UTC)
    return Version(facts["number"], facts["digest"], at, tuple(facts["changed"]))
