"""What apt and pip say, and what the person who runs the setup reads."""

from __future__ import annotations

import pytest

from ivr.provision import apt, pip


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("E: Failed to fetch http://d.example/x  Temporary failure resolving 'd.example'", "cannot be reached"),
        ("E: Failed to fetch http://d.example/x  Could not connect to d.example:80", "cannot be reached"),
        ("W: GPG error: signatures couldn't be verified: NO_PUBKEY 1234", "signature could not be"),
        ("E: The repository 'file:/tmp/x forky Release' is not signed.", "signature could not be verified"),
        ("E: You don't have enough free space in /x/cache/archives/.", "the disk is full"),
        ("E: Write error - write (28: No space left on device)", "the disk is full"),
        ("E: The repository 'http://d.example forky Release' does not have a Release file.", "does not carry"),
        ("E: Failed to fetch http://d.example/a.deb  404  Not Found", "changed while packages were fetched"),
        ("E: Failed to fetch http://d.example/a.deb  Hash Sum mismatch", "changed while packages were fetched"),
        ("E: Unable to locate package asterisk", "does not offer a package"),
        ("E: Something new", "apt failed: Something new"),
        ("", "apt gave no reason"),
    ],
)  # fmt: skip
def test_apt(said: str, understood: str) -> None:
    error = apt.explain(said)
    assert understood in error.what
    assert error.hint


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("WARNING: Retrying: Name or service not known\nERROR: No matching distribution for x", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that this project pinned"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: No matching distribution found for vosk==0.3.45", "does not offer a library for this machine"),
        ("ERROR: In --require-hashes mode, these are not pinned:\n    async-timeout from x", "async-timeout from x"),
        ("something else", "something else"),
        ("", "pip gave no reason"),
    ],
)  # fmt: skip
def test_pip(said: str, understood: str) -> None:
    error = pip.explain(said)
    assert understood in error.what
    assert error.hint
