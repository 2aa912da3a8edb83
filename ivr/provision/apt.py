"""apt in private folders: resolves and downloads packages without root and without touching the machine's own.

The machine's apt settings (proxies, credentials, keys) stay in force; its package state does not: against an empty
`status` file apt resolves the whole closure down to libc, so that what comes runs on any host.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.errors import SetupFailed
from ivr.provision.sources import Archive

_TIMEOUT_SECONDS = 3600.0
_PLANNED = re.compile(r"'[^']+' (?P<file>\S+) (?P<size>\d+) ")

_CONFIGURATION = """\
Dir::State "{work}/state";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Cache::archives "{archives}";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "{work}/log";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
#clear APT::Default-Release;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
// mirrors that are refreshed rarely are fine: signatures are still checked
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A package file that apt chose: its name in the download folder, and its size in bytes."""

    file: str
    size: int

    @property
    def label(self) -> str:
        """`name version`, as the file's name has it."""
        name, version, _architecture = self.file.removesuffix(".deb").rsplit("_", 2)
        return f"{name} {version.replace('%3a', ':')}"


class Apt:
    """apt on `archive`'s `suite`; its state is in `work`, downloads are in `archives`, and both may be thrown away."""

    def __init__(self, archive: Archive, suite: str, components: Sequence[str], work: Path, archives: Path) -> None:
        for program in ("apt-get", "dpkg-deb", "tar"):
            if shutil.which(program) is None:
                raise SetupFailed(
                    f"{program} is not installed, so nothing can be taken from Debian's packages",
                    hint="install Asterisk 20 or newer (ASTERISK= names it) and RHVoice with its Russian voices",
                )
        self.archives = archives
        self._configuration = work / "apt.conf"
        for folder in ("state", "lists/partial", "cache", "log"):
            (work / folder).mkdir(parents=True, exist_ok=True)
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        (work / "status").write_text("")
        signed = f"[signed-by={archive.keyring}] " if Path(archive.keyring).exists() else ""
        (work / "sources.list").write_text(f"deb {signed}{archive.uri} {suite} {' '.join(components)}\n")
        self._configuration.write_text(_CONFIGURATION.format(work=work, archives=archives))

    def update(self) -> None:
        """Fetch the package lists."""
        self._run("update")

    def plan(self, packages: Sequence[str]) -> list[Package]:
        """The whole closure of `packages`, whether or not it has been downloaded already."""
        with TemporaryDirectory() as empty:
            # apt leaves out what its download folder holds
            (Path(empty) / "partial").mkdir()
            listing = self._run("install", "--yes", "--print-uris", "-o", f"Dir::Cache::archives={empty}", *packages)
        found = (_PLANNED.match(line) for line in listing.splitlines())
        return [Package(line["file"], int(line["size"])) for line in found if line]

    def missing(self, packages: Sequence[Package]) -> list[Package]:
        """Those whose files are not yet whole in the download folder."""
        return [package for package in packages if not self._is_there(package)]

    def _is_there(self, package: Package) -> bool:
        try:
            return (self.archives / package.file).stat().st_size == package.size
        except OSError:
            return False

    def download(self, packages: Sequence[str], arrived: Callable[[float], None]) -> None:
        """Fetch the closure; `arrived` is told the share (0–1) that is there. Partial files are continued."""
        self._run("install", "--yes", "--download-only", *packages, arrived=arrived)

    def download_only(self, packages: Sequence[str]) -> None:
        """Fetch these packages without what they depend on."""
        self._run("download", *packages, folder=self.archives)

    def _run(self, *arguments: str, arrived: Callable[[float], None] | None = None, folder: Path | None = None) -> str:
        report, report_end = os.pipe()
        command = ["apt-get", "-qq", "-c", str(self._configuration), "-o", f"APT::Status-Fd={report_end}", *arguments]
        # told in English so that `explain` understands
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(report_end,),
            env=environment,
            cwd=folder,
        )
        os.close(report_end)
        watch = threading.Thread(target=_follow, args=(report, arrived), daemon=True)
        watch.start()
        with process:
            try:
                output, errors = process.communicate(timeout=_TIMEOUT_SECONDS)
            except BaseException as reason:
                process.kill()
                if isinstance(reason, subprocess.TimeoutExpired):
                    raise SetupFailed(f"apt-get {arguments[0]} did not finish within an hour", hint=_AGAIN) from None
                raise
        watch.join()
        if process.returncode:
            raise explain(errors)
        return output


def _follow(report: int, arrived: Callable[[float], None] | None) -> None:
    """Read apt's status lines (`dlstatus:COUNT:PERCENT:TEXT`) until apt closes them."""
    with os.fdopen(report) as lines:
        for line in lines:
            fields = line.split(":")
            if arrived and fields[0] == "dlstatus" and len(fields) > 2:
                arrived(float(fields[2]) / 100)


_AGAIN = "run the command again; what has arrived is kept"

# What apt says → what it means and what to do. The first that is found in apt's words counts.
_MEANINGS = (
    (r"No space left on device|not enough free space|don't have enough free space",
     "the disk is full", "free some space and run the command again"),
    (r"resolving|resolve|[Cc]onnect|unreachable|[Tt]imed? ?out|Timeout|Proxy|proxy|Connection",
     "the Debian archive cannot be reached", f"check the network (or apt's proxy), then {_AGAIN}"),
    (r"NO_PUBKEY|BADSIG|EXPKEYSIG|not signed|signature|Sub-process /usr/bin/sqv",
     "the Debian archive's signature could not be verified", "install or update debian-archive-keyring"),
    (r"does not have a Release file|Release.*404|404.*Release",
     "the Debian archive of this machine does not carry the release that Asterisk is taken from",
     "name another archive in IVR_DEBIAN_ARCHIVE="),
    (r"404|Hash Sum mismatch|unexpected size|Mirror sync",
     "the Debian archive changed while packages were fetched", _AGAIN),
    (r"Unable to locate package|has no installation candidate|unmet dependencies|held broken",
     "the Debian archive does not offer a package that is needed", "name another archive in IVR_DEBIAN_ARCHIVE="),
)  # fmt: skip


def explain(complaints: str) -> SetupFailed:
    """What apt's error text means for the person who runs the setup; apt's own first complaint is kept."""
    lines = [line for line in complaints.splitlines() if line.startswith(("E:", "W:"))] or complaints.splitlines()
    first = lines[0].removeprefix("E:").removeprefix("W:").strip() if lines else "apt gave no reason"
    for pattern, meaning, hint in _MEANINGS:
        found = next((line for line in lines if re.search(pattern, line)), None)
        if found:
            said = found.removeprefix("E:").removeprefix("W:").strip()
            return SetupFailed(f"{meaning} (apt says: {said})", hint=hint)
    return SetupFailed(f"apt failed: {first}", hint=_AGAIN)
