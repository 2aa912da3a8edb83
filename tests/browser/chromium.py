"""The Chromium that browser tests drive: this machine's, else Debian's, installed now where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_INSTALL_SECONDS = 600
FLAGS = (
    "--no-sandbox",  # pages come from this checkout only, and containers allow no other sandbox inside
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoChromium(Exception):
    """There is none and it cannot be installed: the sentence says what to do."""


def find_chromium() -> str:
    """Its path; `CHROMIUM` names one."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    if found := _installed():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        if found := _installed():
            return found
    raise NoChromium("Browser tests need Chromium: `apt install chromium`, or name one as CHROMIUM=/path/to/chromium")


def _installed() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", "chromium")):
        subprocess.run(
            ["apt-get", "-qq", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=_INSTALL_SECONDS,
        )
