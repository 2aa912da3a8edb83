"""A private root folder of Debian packages, extracted without root: Asterisk, voices, and every library they need.

Nothing is installed and nothing outside the given folders is touched. The root appears under its name only when it is
complete and its checks passed, so an interrupted setup is simply run again: what was downloaded is continued.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ivr.errors import SetupFailed
from ivr.provision.apt import Apt, Package
from ivr.provision.progress import Progress, megabytes
from ivr.provision.sources import Archive

SUITE = "forky"  # the Debian release that carries Asterisk 22
_STAMP = ".complete.json"
_LIBRARY_FOLDERS = ("asterisk", "pulseaudio")  # libraries that Debian keeps beside the common ones
_UNPACKED_PER_PACKED = 2.0
_NEVER_NEEDED = (
    "./usr/share/man",
    "./usr/share/locale",
    "./usr/share/info",
    "./usr/share/perl*",
    "./usr/share/doc/*/changelog*",
    "./usr/lib/*/gconv",
    "./usr/lib/*/perl*",
    "./var",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the root is made of: `packages` of `suite`; of what is in `pruned`, a folder, only `kept` stays."""

    suite: str
    components: tuple[str, ...]
    packages: tuple[str, ...]
    pruned: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Root:
    """An extracted root; programs in it are started by its own loader with its own libraries."""

    path: Path

    @property
    def libraries(self) -> Path:
        """The folder of shared libraries, for example `usr/lib/x86_64-linux-gnu`."""
        found = next((self.path / "usr" / "lib").glob("*-linux-gnu*"), None)
        if found is None:
            raise SetupFailed("there are no libraries", where=str(self.path))
        return found

    def command(self, program: str) -> tuple[str, ...]:
        """The start of an argument list that runs `program` (a path inside the root) whatever libc the machine has."""
        loaders = [*self.path.glob("usr/lib*/ld-linux*.so.*"), *self.path.glob("usr/lib/*/ld-linux*.so.*")]
        if not loaders:
            raise SetupFailed("there is no program loader", where=str(self.path))
        folders = (self.libraries, *(self.libraries / name for name in _LIBRARY_FOLDERS))
        target = self.path / program
        return (str(loaders[0]), "--library-path", ":".join(map(str, folders)), "--argv0", target.name, str(target))

    @property
    def environment(self) -> dict[str, str]:
        """Variables that keep the root's programs from reading the machine's own OpenSSL modules and settings."""
        return {"OPENSSL_CONF": "/dev/null", "OPENSSL_MODULES": str(self.libraries / "ossl-modules")}


Check = Callable[[Root], object]


def provide(
    wanted: Wanted,
    archive: Callable[[], Archive],
    folder: Path,
    downloads: Path | None,
    check: Check,
    progress: Progress,
) -> Root:
    """The root in `folder/root`, made now or found there; `check` raises `SetupFailed` when something is wrong with it.

    `downloads`: a folder, possibly shared between checkouts, that keeps package files; None: none are kept.
    `folder/packages.txt` lists what was taken, one `name version` a line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root = Root(folder / "root")
    with _locked(folder):
        if not _is_sound(root, wanted, check):
            with _locked(downloads or folder / "downloads") as packages:
                _make(root, wanted, archive(), packages, check, progress)
            for leftover in (folder / "apt", folder / "downloads"):
                _remove(leftover)
    return root


def fetch_one(archive: Archive, package: str, folder: Path) -> None:
    """Extract one `package`, without what it depends on, into `folder/root`."""
    apt = Apt(archive, SUITE, ("main",), folder / "apt", folder / "downloads")
    apt.update()
    apt.download_only([package])
    for file in (folder / "downloads").glob(f"{package}_*.deb"):
        (folder / "root").mkdir(exist_ok=True)
        _extract_one(file, folder / "root")


def _is_sound(root: Root, wanted: Wanted, check: Check) -> bool:
    try:
        if not _covers(json.loads((root.path / _STAMP).read_text()), wanted):
            return False
        check(root)
    except (SetupFailed, OSError, ValueError, LookupError, TypeError):
        return False
    return True


def _covers(made: Mapping[str, Any], wanted: Wanted) -> bool:
    """Whether what was made once has all that is wanted now; more does no harm and need not be made anew."""
    return (
        made["suite"] == wanted.suite
        and set(made["packages"]).issuperset(wanted.packages)
        and set(made["kept"]).issuperset(wanted.kept)
    )


def _make(root: Root, wanted: Wanted, archive: Archive, downloads: Path, check: Check, progress: Progress) -> None:
    folder = root.path.parent
    apt = Apt(archive, wanted.suite, wanted.components, folder / "apt", downloads)
    with progress.phase(f"Debian {wanted.suite} package lists"):
        apt.update()
        packages = apt.plan(wanted.packages)
    size = sum(package.size for package in apt.missing(packages))
    require_space(folder, size + int(_UNPACKED_PER_PACKED * sum(package.size for package in packages)))
    with progress.phase(f"downloading {megabytes(size)}") as phase:
        apt.download(wanted.packages, lambda share: phase.update(f"{megabytes(int(share * size))} there"))
    partial = folder / "root.partial"
    _remove(partial)
    with progress.phase(f"unpacking {len(packages)} packages") as phase:
        _extract(packages, downloads, partial, phase.update)
        _prune(partial / wanted.pruned, wanted.kept)
    with progress.phase("checking what came"):
        check(Root(partial))
    (folder / "packages.txt").write_text("".join(f"{package.label}\n" for package in packages))
    seal(Root(partial), wanted)
    _remove(root.path)
    partial.rename(root.path)


def _extract(packages: Sequence[Package], downloads: Path, target: Path, show: Callable[[str], None]) -> None:
    target.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        # the largest first, so that no worker is left alone with it at the end
        ordered = sorted(packages, key=lambda package: -package.size)
        jobs = [pool.submit(_extract_one, downloads / package.file, target) for package in ordered]
        try:
            for count, job in enumerate(as_completed(jobs), 1):
                job.result()
                show(f"{count} of {len(jobs)}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _extract_one(package: Path, target: Path) -> None:
    """Unpack one package file; its owners and special modes are not kept, everything becomes ours."""
    excluded = (f"--exclude={pattern}" for pattern in _NEVER_NEEDED)
    unpack = ["tar", "-x", "-f", "-", "-C", str(target), "--no-same-owner", "--no-same-permissions", *excluded]
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as read:
        assert read.stdout is not None
        assert read.stderr is not None
        written = subprocess.run(unpack, stdin=read.stdout, capture_output=True, text=True, check=False)
        read.stdout.close()  # so that dpkg-deb ends when tar ended early
        complaint = written.stderr or read.stderr.read().decode(errors="replace")
    if "No space left" in complaint:
        raise SetupFailed("the disk is full", where=str(target), hint="free some space and run the command again")
    if written.returncode or read.returncode:
        package.unlink(missing_ok=True)  # fetched again next time
        raise SetupFailed(f"{package.name} cannot be unpacked: {complaint.strip()}", hint="run the command again")


def _prune(folder: Path, kept: Sequence[str]) -> None:
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.name not in kept:
            shutil.rmtree(entry)


def seal(root: Root, wanted: Wanted) -> None:
    """Mark the root as complete: from now on it is found instead of made."""
    (root.path / _STAMP).write_text(json.dumps(asdict(wanted)))


def require_space(folder: Path, needed: int) -> None:
    """Raise `SetupFailed` when fewer than `needed` bytes are free where `folder` is."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SetupFailed(
            f"the disk is too full: the packages need {megabytes(needed)}, {megabytes(free)} are free",
            where=str(folder),
            hint="free some space and run the command again",
        )


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """One setup at a time in `folder`: the second waits for the first, then finds everything there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
