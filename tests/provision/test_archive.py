"""What the setup says when packages cannot be had, by real apt against archives that are broken in one way each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.provision import debian
from ivr.provision.debian import Root, Wanted
from ivr.provision.progress import Progress
from ivr.provision.setup import Provisions, provide
from ivr.provision.sources import Archive
from tests.provision.conftest import CHECKOUT

WANTED = Wanted(debian.SUITE, ("main",), ("asterisk",), "usr", ())


def fetch(uri: str, folder: Path) -> Root:
    archive = Archive(uri, "/usr/share/keyrings/debian-archive-keyring.gpg")
    return debian.provide(WANTED, lambda: archive, folder, None, lambda root: None, Progress(StringIO()))


def test_an_unsigned_archive_is_refused(tmp_path: Path) -> None:
    suite = tmp_path / "archive" / "dists" / debian.SUITE
    (suite / "main" / "binary-amd64").mkdir(parents=True)
    (suite / "main" / "binary-amd64" / "Packages").touch()
    (suite / "Release").write_text(f"Suite: {debian.SUITE}\nCodename: {debian.SUITE}\nComponents: main\n")
    with pytest.raises(SetupFailed, match="signature could not be verified"):
        fetch(f"file:{tmp_path / 'archive'}", tmp_path / "var")


def test_an_archive_that_nobody_serves_is_out_of_reach(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(SetupFailed, match=r"cannot be reached.*what has arrived is kept"):
        fetch(f"http://127.0.0.1:{port}/debian", tmp_path / "var")


def test_an_archive_without_the_release_is_said(tmp_path: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    (tmp_path / "empty").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "empty")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(SetupFailed, match="does not carry the release"):
            fetch(f"http://127.0.0.1:{server.server_port}/debian", tmp_path / "var")
        server.shutdown()


def test_a_machine_without_apt_is_told_what_to_do(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from ivr.provision.apt import Apt; from ivr.provision.sources import Archive;"
        f"Apt(Archive('file:/x', ''), 'forky', ['main'], Path({str(tmp_path)!r}), Path({str(tmp_path)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert "apt-get is not installed" in done.stderr
    assert "ASTERISK=" in done.stderr


def test_what_is_there_is_used_without_asking_anybody(provisions: Provisions) -> None:
    again = provide(CHECKOUT.var, {**os.environ, "IVR_DEBIAN_ARCHIVE": "file:/nothing"}, Progress(StringIO()))
    assert again == provisions


class Asked(Exception):
    """The archive was wanted."""


def provide_from_nowhere(folder: Path, wanted: Wanted = WANTED, check: debian.Check = lambda root: None) -> Root:
    def archive() -> Archive:
        raise Asked

    return debian.provide(wanted, archive, folder, None, check, Progress(StringIO()))


def refuse(root: Root) -> None:
    raise SetupFailed("damaged")


def test_a_damaged_root_and_a_half_made_one_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "root.partial").mkdir()
    with pytest.raises(Asked):
        provide_from_nowhere(tmp_path)
    (tmp_path / "root").mkdir()
    with pytest.raises(Asked):
        provide_from_nowhere(tmp_path)
    debian.seal(Root(tmp_path / "root"), WANTED)
    assert provide_from_nowhere(tmp_path).path == tmp_path / "root"
    with pytest.raises(Asked):
        provide_from_nowhere(tmp_path, check=refuse)


def test_a_root_serves_who_wants_less_but_not_who_wants_more(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    debian.seal(Root(tmp_path / "root"), replace(WANTED, packages=("asterisk", "rhvoice")))
    provide_from_nowhere(tmp_path)
    for wanted in (replace(WANTED, packages=("asterisk", "sox")), replace(WANTED, suite="sid")):
        with pytest.raises(Asked):
            provide_from_nowhere(tmp_path, wanted)


@pytest.mark.parametrize("stamp", ["", "[]", "{}", "null", '{"suite": 1}'])
def test_a_damaged_mark_counts_as_none(tmp_path: Path, stamp: str) -> None:
    (tmp_path / "root").mkdir()
    debian.seal(Root(tmp_path / "root"), WANTED)
    (mark,) = (tmp_path / "root").iterdir()
    mark.write_text(stamp)
    with pytest.raises(Asked):
        provide_from_nowhere(tmp_path)


def test_too_little_space_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with pytest.raises(SetupFailed, match=r"the disk is too full: .* MB are free"):
        debian.require_space(tmp_path, free * 2)
    debian.require_space(tmp_path, 1)
