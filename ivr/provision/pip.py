"""pip for a fresh `.venv`: Python's own when it is there, Debian's wheel when `ensurepip` was left out."""

from __future__ import annotations

import subprocess
import venv as standard_venv
from pathlib import Path

from ivr.errors import SetupFailed

_TIMEOUT_SECONDS = 1800.0


def make_venv(venv: Path, workshop: Path) -> None:
    """Create `venv` with a pip in it; `workshop` is a folder for what has to be downloaded for that."""
    standard_venv.create(venv, with_pip=False, symlinks=True, clear=True)
    python = venv / "bin" / "python"
    if subprocess.run([python, "-m", "ensurepip", "--default-pip"], capture_output=True, check=False).returncode:
        raise NotImplementedError


def install(root: Path, *arguments: str) -> None:
    """`pip install` in `root/.venv`, from `root`; what went wrong becomes one sentence."""
    command = [root / ".venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*command, "--no-input", *arguments],
            cwd=root,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SetupFailed(f"pip did not finish within {_TIMEOUT_SECONDS / 60:.0f} minutes") from None
    if done.returncode:
        raise explain(done.stderr)


def explain(stderr: str) -> SetupFailed:
    """What pip's complaints mean, in one sentence."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    return SetupFailed("libraries could not be installed: " + (lines[-1] if lines else "pip gave no reason"))
