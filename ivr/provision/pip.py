"""pip for a fresh `.venv`, also on a Debian whose Python came without `ensurepip`."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import venv as standard_venv
from pathlib import Path

from ivr.errors import SetupFailed
from ivr.provision import debian
from ivr.provision.sources import find_archive

_TIMEOUT_SECONDS = 3600.0
_AGAIN = "run the command again"


def make_venv(venv: Path, build_lock: Path, workshop: Path) -> None:
    """Create `venv` with the tools that `build_lock` pins, pip among them; downloads for that go to `workshop`."""
    standard_venv.create(venv, with_pip=False, symlinks=True, clear=True)
    wheel = _find_wheel() or _fetch_wheel(workshop)
    # any pip can run from its wheel, without being installed, to install the one that we want
    install(venv, "--require-hashes", "-r", str(build_lock), pip_wheel=wheel)
    shutil.rmtree(workshop, ignore_errors=True)


def install(venv: Path, *arguments: str, pip_wheel: Path | None = None) -> None:
    """`pip install` into `venv`, by `pip_wheel` when pip is not there yet; what went wrong becomes one sentence."""
    # not compiled beforehand: that takes twice as long as all the rest, and most modules are never imported
    options = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-compile")
    environment = {**os.environ, "PYTHONPATH": str(pip_wheel)} if pip_wheel else None
    try:
        done = subprocess.run(
            [venv / "bin" / "python", "-m", "pip", "install", *options, *arguments], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SetupFailed("pip did not finish within an hour", hint=_AGAIN) from None
    if done.returncode:
        raise explain(done.stderr)


# What pip says → what it means and what to do. The first that is found counts.
_MEANINGS = (
    (r"No space left on device", "the disk is full", f"free some space and {_AGAIN}"),
    (r"DO NOT MATCH THE HASHES|hashes are required",
     "a downloaded library is not the one that this project pinned", "somebody in between changes what you download"),
    (r"ConnectionError|ConnectTimeout|ReadTimeout|not known|name resolution|Proxy|SSLError|Incomplete|timed out",
     "the Python package index cannot be reached", f"check the network (or pip's proxy and index), then {_AGAIN}"),
    (r"No matching distribution",
     "the Python package index does not offer a library for this machine",
     "use Python 3.11 on Linux (x86-64 or arm64)"),
)  # fmt: skip


def explain(complaints: str) -> SetupFailed:
    """What pip's error text means for the person who runs the setup."""
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("ERROR: ")), len(lines) - 1)
    said = " ".join(line.removeprefix("ERROR: ") for line in lines[max(first, 0) : first + 2]) or "pip gave no reason"
    for pattern, meaning, hint in _MEANINGS:
        if re.search(pattern, complaints):
            return SetupFailed(meaning, hint=hint)
    return SetupFailed(f"libraries cannot be installed: {said}", hint=_AGAIN)


def _find_wheel() -> Path | None:
    folders = [Path("/usr/share/python-wheels")]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip and ensurepip.origin:
        folders.insert(0, Path(ensurepip.origin).parent / "_bundled")
    return next((wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))), None)


def _fetch_wheel(workshop: Path) -> Path:
    """pip's wheel out of Debian's package of it."""
    archive = find_archive(Path("/etc"), os.environ)
    debian.fetch_one(archive, "python3-pip-whl", workshop)
    wheel = next((workshop / "root" / "usr/share/python-wheels").glob("pip-*.whl"), None)
    if wheel is None:
        raise SetupFailed("Debian's python3-pip-whl holds no pip", hint="apt install python3.11-venv")
    return wheel
