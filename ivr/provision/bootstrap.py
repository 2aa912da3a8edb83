"""The Python environment `.venv`, made by a bare Python: run as `python3.11 -m ivr.provision.bootstrap [--dev]`.

Standard library only. Does nothing (in a few milliseconds) when the lock files have not changed since the last time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ivr.errors import IvrError, SetupFailed
from ivr.provision import pip
from ivr.provision.progress import Progress

_BUILD_LOCK = "requirements-build.txt"
_RUNTIME_LOCK = "requirements.txt"
_DEV_LOCK = "requirements-dev.txt"


def make_environment(root: Path, progress: Progress, *, dev: bool) -> None:
    """Bring `root/.venv` up to what the lock files say; with `dev` also the tools for checks and tests."""
    with _one_at_a_time(root):
        stamp = root / ".venv" / ".installed-runtime"
        wanted = _fingerprint(root, _BUILD_LOCK, _RUNTIME_LOCK, "pyproject.toml")
        if _read(stamp) != wanted:
            _make_runtime(root, progress)
            stamp.write_text(wanted)
        stamp = root / ".venv" / ".installed-dev"
        wanted = _fingerprint(root, _BUILD_LOCK, _RUNTIME_LOCK, _DEV_LOCK)
        if dev and _read(stamp) != wanted:
            with progress.phase("tools for checks and tests"):
                pip.install(root / ".venv", "--require-hashes", "-r", str(root / _DEV_LOCK))
            stamp.write_text(wanted)


def _make_runtime(root: Path, progress: Progress) -> None:
    venv = root / ".venv"
    # a Python that has gone (upgraded, moved) leaves an environment that cannot be mended
    if not _works(venv / "bin" / "python", "import pip"):
        with progress.phase(f"Python {sys.version_info[0]}.{sys.version_info[1]} environment"):
            pip.make_venv(venv, root / _BUILD_LOCK, root / "var" / "pip")
    with progress.phase("libraries"):
        pip.install(venv, "--require-hashes", "-r", str(root / _BUILD_LOCK))
        pip.install(venv, "--require-hashes", "--no-build-isolation", "-r", str(root / _RUNTIME_LOCK))
        pip.install(venv, "--no-deps", "--no-build-isolation", "--editable", str(root))


def _works(python: Path, statement: str) -> bool:
    try:
        return subprocess.run([python, "-c", statement], capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False


def _fingerprint(root: Path, *names: str) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in names:
        digest.update((root / name).read_bytes())
    # an environment keeps absolute paths: a checkout that was moved needs a new one
    digest.update(str(root).encode())
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Two commands started together must not both install: the second waits, then finds all done."""
    (root / "var").mkdir(exist_ok=True)
    with (root / "var" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when `.venv` is ready; 1 with one sentence on stderr when it cannot be made."""
    root = Path(__file__).resolve().parents[2]
    try:
        make_environment(root, Progress(), dev="--dev" in arguments)
    except IvrError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell says for Ctrl-C; the next run goes on
    except OSError as error:
        sys.stderr.write(f"{SetupFailed(f'the environment cannot be made: {error}')}\n")
        return 1
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
