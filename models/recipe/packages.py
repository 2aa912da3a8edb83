"""Debian packages unpacked into a private folder: speech synthesisers, their free voices and texts, without root."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

# Only voices and texts whose licences allow a shipped product; see README.md.
PACKAGES = (
    "librhvoice5", "rhvoice", "rhvoice-russian",
    "festival", "festvox-ru", "espeak-ng", "sox",
    "fortunes-ru", "asterisk-core-sounds-ru", "asterisk-core-sounds-ru-wav",
)  # fmt: skip
COMPONENTS = "main contrib non-free"


def debian_archive() -> str:
    """The Debian archive this machine already uses; DEBIAN_ARCHIVE overrides it."""
    if given := os.environ.get("DEBIAN_ARCHIVE"):
        return given
    lists = Path("/etc/apt")
    for file in (*lists.glob("sources.list"), *lists.glob("sources.list.d/*")):
        for line in file.read_text().splitlines():
            if not line.lstrip().startswith("#") and (found := re.search(r"\S+://\S+/debian/?(?=\s|$)", line)):
                return found.group()
    raise LookupError("no Debian archive in /etc/apt; set DEBIAN_ARCHIVE to the address of one")


def unpack(folder: Path, suite: str = "bookworm") -> Path:
    """Download PACKAGES with all they depend on and unpack them; the root of the unpacked files."""
    root, apt = folder / "root", folder / "apt"
    for part in ("lists/partial", "cache/archives/partial", "preferences.d"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (apt / "sources.list").write_text(f"deb [signed-by={keys}] {debian_archive()} {suite} {COMPONENTS}\n")
    (apt / "status").touch()
    (apt / "apt.conf").write_text(
        f'Dir::Etc "{apt}"; Dir::Etc::sourcelist "{apt}/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
        f'Dir::Etc::parts "/dev/null"; Dir::Etc::main "/dev/null"; Dir::Etc::preferencesparts "{apt}/preferences.d";\n'
        f'Dir::State "{apt}"; Dir::State::Lists "{apt}/lists"; Dir::State::status "{apt}/status";\n'
        f'Dir::Cache "{apt}/cache"; APT::Install-Recommends "0"; APT::Sandbox::User ""; Debug::NoLocking "1";\n'
        'Acquire::Languages "none"; Acquire::Retries "4"; Dpkg::Use-Pty "0";\n'
    )
    environment = os.environ | {"APT_CONFIG": str(apt / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], env=environment, check=True)
    # An empty status file makes apt fetch the whole closure, libraries included.
    install = ["apt-get", "-qq", "-y", "--download-only", "install", *PACKAGES]
    subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)
    for archive in sorted((apt / "cache/archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(archive), str(root)], check=True)
    return root
