"""`make` as a newcomer meets it."""

from __future__ import annotations

import subprocess

from tests.provision.conftest import CHECKOUT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=CHECKOUT.root, capture_output=True, text=True, check=False
    )


def test_setup_has_nothing_to_say_when_nothing_changed() -> None:
    assert make("setup-dev").returncode == 0
    again = make("setup-dev")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_machine_without_python_is_told_what_to_install() -> None:
    done = make("setup", "PYTHON=")
    assert done.returncode
    assert done.stderr.startswith("Python 3.11 is needed: apt install python3.11")


def test_help_lists_the_commands() -> None:
    listed = [line.split()[1] for line in make().stdout.splitlines()]
    assert set(listed) >= {"setup", "run", "test", "check", "bench", "help"}
