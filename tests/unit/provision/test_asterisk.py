from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.provision.asterisk import find_installed, private
from ivr.provision.debian import Root


def install(prefix: Path, version: str, *, parts: bool = True) -> Path:
    """A program that only knows its version, with the folders that belong to it."""
    program = prefix / "sbin" / "asterisk"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'Asterisk {version}'\n")
    program.chmod(0o755)
    if parts:
        (prefix / "lib/asterisk/modules").mkdir(parents=True)
        (prefix / "lib/asterisk/modules/chan_pjsip.so").touch()
        (prefix / "share/asterisk/documentation").mkdir(parents=True)
    return program


def test_one_on_the_path_serves(tmp_path: Path) -> None:
    program = install(tmp_path, "22.10.1+dfsg-1")
    found = find_installed({"PATH": str(program.parent)})
    assert found is not None
    assert found.command == (str(program),)
    assert found.version == "22.10.1+dfsg-1"
    assert found.modules == tmp_path / "lib/asterisk/modules"
    assert found.missing_features == ()


def test_an_older_one_serves_and_says_what_is_missing(tmp_path: Path) -> None:
    found = find_installed({"ASTERISK": str(install(tmp_path, "20.6.0"))})
    assert found is not None
    assert found.missing_features


def test_certified_versions_are_understood(tmp_path: Path) -> None:
    found = find_installed({"ASTERISK": str(install(tmp_path, "certified/20.7-cert5"))})
    assert found is not None
    assert found.version == "20.7-cert5"


def test_one_that_is_too_old_is_passed_over_unless_named(tmp_path: Path) -> None:
    program = install(tmp_path, "16.28.0")
    assert find_installed({"PATH": str(program.parent)}) is None
    with pytest.raises(SetupFailed, match=r"16\.28\.0 is too old"):
        find_installed({"ASTERISK": str(program)})


def test_a_name_that_is_no_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="ASTERISK names"):
        find_installed({"ASTERISK": str(tmp_path / "nothing")})


def test_one_without_its_modules_is_said_when_named(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r"modules .* cannot be found"):
        find_installed({"ASTERISK": str(install(tmp_path, "22.1.0", parts=False))})


def test_one_that_does_not_run_is_said_when_named(tmp_path: Path) -> None:
    program = install(tmp_path, "22.1.0")
    program.write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n")
    with pytest.raises(SetupFailed, match="does not run: error while loading shared libraries"):
        find_installed({"ASTERISK": str(program)})


def test_an_empty_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed):
        private(Root(tmp_path))
