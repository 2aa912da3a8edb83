"""What the web pages take from npm: fetched by the lock file, bundled into `var/vendor`, served as /static/vendor.

npm of this machine does it; where there is none, one that Python's package index carries, pinned like all libraries.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ivr.errors import SetupFailed
from ivr.locks import alone
from ivr.provision import pip
from ivr.provision.progress import Progress

_LOCK = "package-lock.json"
_NODE_LOCK = "requirements-node.txt"
_NODE = "node"
_TIMEOUT_SECONDS = 600.0
BUNDLED: Mapping[str, str] = {  # our name → what stands in node_modules; "axe.js" is for tests
    "jssip.js": "jssip/lib/JsSIP.js",
    "uplot.js": "uplot/dist/uPlot.esm.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}
COPIED: Mapping[str, str] = {"htmx.js": "htmx.org/dist/htmx.min.js", "axe.js": "axe-core/axe.min.js"}
_OPTIONS = (
    *("--bundle", "--minify", "--format=esm", "--legal-comments=inline", "--log-level=error"),
    "--target=chrome111,firefox115,safari16",
)
# What npm says → what it means and what to do. The first that is found counts.
_MEANINGS = (
    (r"ENOSPC", "the disk is full", "free some space and run the command again"),
    (r"EINTEGRITY", "a downloaded package is not the one that this project pinned",
     "somebody in between changes what you download"),
    (r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|network|CERT", "the npm registry cannot be reached",
     "check the network (or npm's registry and proxy), then run the command again"),
    (r"E404|ETARGET|notarget", "the npm registry does not offer a package that is needed", "check npm's registry"),
)  # fmt: skip


def provide(root: Path, var: Path, venv: Path, progress: Progress) -> Path:
    """The folder of bundles, made now or found there; `SetupFailed` says what is in the way."""
    vendor = (var / "vendor").resolve()  # checkouts of tests share one
    stamp = vendor / ".complete"
    with alone(vendor):  # a second setup waits, then finds everything there
        wanted = fingerprint(root)
        if stamp.exists() and stamp.read_text() == wanted:
            return vendor
        workshop, partial = vendor.with_name("npm"), vendor.with_name("vendor.partial")
        for folder in (workshop, partial):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        npm = shutil.which("npm") or _private_npm(root, venv, workshop / _NODE, progress)
        for name in ("package.json", _LOCK):
            shutil.copy(root / name, workshop / name)
        with progress.phase("libraries of the web pages"):
            _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], workshop)
            _bundle(workshop / "node_modules", partial)
        shutil.rmtree(workshop)
        (partial / ".complete").write_text(wanted)
        shutil.rmtree(vendor, ignore_errors=True)
        partial.rename(vendor)
    return vendor


def fingerprint(root: Path) -> str:
    """Of everything that the bundles are made from."""
    made = repr((sorted(BUNDLED.items()), sorted(COPIED.items()), _OPTIONS))
    return hashlib.sha256((root / _LOCK).read_bytes() + made.encode()).hexdigest()


def _bundle(modules: Path, vendor: Path) -> None:
    esbuild = next(modules.glob("@esbuild/*/bin/esbuild"), None)
    if esbuild is None:
        raise SetupFailed("npm brought no esbuild for this machine", hint="use Linux on x86-64 or arm64")
    for name, source in BUNDLED.items():
        _run([str(esbuild), str(modules / source), *_OPTIONS, f"--outfile={vendor / name}"], modules.parent)
    for name, source in COPIED.items():
        shutil.copy(modules / source, vendor / name)


def _private_npm(root: Path, venv: Path, folder: Path, progress: Progress) -> str:
    """npm and its Node.js in a folder that goes away with the workshop: 200 MB for these few seconds."""
    with progress.phase("npm"):
        pip.install(venv, "--require-hashes", "--target", str(folder), "-r", str(root / _NODE_LOCK))
    return str(folder / "bin" / "npm")


def _run(command: list[str], folder: Path) -> None:
    programs = os.pathsep.join((str(Path(command[0]).parent), os.environ.get("PATH", "")))
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(folder / _NODE)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SetupFailed("npm did not finish within ten minutes", hint="run the command again") from None
    except OSError as error:
        raise SetupFailed(f"{command[0]} cannot be started: {error.strerror}", hint="install npm") from None
    if done.returncode:
        raise explain(done.stderr or done.stdout)


def explain(complaints: str) -> SetupFailed:
    """What npm's error text means for the person who runs the setup."""
    for pattern, meaning, hint in _MEANINGS:
        if re.search(pattern, complaints):
            return SetupFailed(meaning, hint=hint)
    lines = [line for line in complaints.splitlines() if line.strip()]
    said = lines[0].strip() if lines else "it gave no reason"
    return SetupFailed(f"the web pages' libraries cannot be made: {said}", hint="run the command again")
