from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.provision.sources import Archive, Source, find_archive, parse_lines, parse_stanzas

STANZAS = """\
# what the installer wrote
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/other
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://keys.example/tools
Suites: stable
Components: tools
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFit2ioBEADhWpZ8
 -----END PGP PUBLIC KEY BLOCK-----
"""


def machine(tmp_path: Path, release: str, **files: str) -> Path:
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text(release)
    for name, text in files.items():
        (tmp_path / "apt" / name.replace("__", "/").replace("_", ".")).write_text(text)
    return tmp_path


BOOKWORM = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12"\n'


def test_one_line_sources_with_and_without_options() -> None:
    text = (
        "# a comment\n"
        "deb [arch=amd64 signed-by=/etc/keys/a.gpg] https://a.example/debian bookworm main contrib # why\n"
        "deb-src https://a.example/debian bookworm main\n"
        "deb https://b.example/x stable tools\n"
    )
    assert list(parse_lines(text)) == [
        Source("https://a.example/debian", ("bookworm",), ("main", "contrib"), "/etc/keys/a.gpg"),
        Source("https://b.example/x", ("stable",), ("tools",), ""),
    ]


def test_stanzas_skip_what_is_disabled_and_keys_written_in_place() -> None:
    assert list(parse_stanzas(STANZAS)) == [
        Source(
            "http://mirror.example/debian/",
            ("bookworm", "bookworm-updates"),
            ("main", "contrib"),
            "/usr/share/keyrings/debian-archive-keyring.gpg",
        ),
        Source("http://keys.example/tools", ("stable",), ("tools",), ""),
    ]


def test_the_archive_is_that_of_the_machines_own_release(tmp_path: Path) -> None:
    etc = machine(
        tmp_path,
        BOOKWORM,
        sources_list="deb http://security.example/debian-security bookworm-security main\n",
        sources_list_d__debian_sources="",
    )
    (etc / "apt/sources.list.d/debian.sources").write_text(STANZAS)
    assert find_archive(etc, {}) == Archive(
        "http://mirror.example/debian", "/usr/share/keyrings/debian-archive-keyring.gpg"
    )


def test_an_archive_named_by_hand_comes_first(tmp_path: Path) -> None:
    etc = machine(tmp_path, BOOKWORM, sources_list="deb http://mirror.example/debian bookworm main\n")
    assert find_archive(etc, {"IVR_DEBIAN_ARCHIVE": "http://mine.example/d"}).uri == "http://mine.example/d"


@pytest.mark.parametrize(
    ("release", "sources"),
    [
        ("ID=ubuntu\nVERSION_CODENAME=noble\n", "deb http://archive.example/ubuntu noble main\n"),
        (BOOKWORM, "deb http://tools.example/debian bookworm tools\n"),
        (BOOKWORM, ""),
    ],
)
def test_no_debian_archive_is_said_with_what_to_do(tmp_path: Path, release: str, sources: str) -> None:
    with pytest.raises(SetupFailed, match=r"no Debian archive.*IVR_DEBIAN_ARCHIVE="):
        find_archive(machine(tmp_path, release, sources_list=sources), {})
