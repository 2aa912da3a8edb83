"""What npm says becomes one sentence; the lock file names no registry; without npm a pinned one serves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.provision import pip, web_libraries
from ivr.provision.progress import Progress

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("complaint", "meaning"),
    [
        ("npm error code ENOTFOUND\nnpm error network request failed", "the npm registry cannot be reached"),
        ("npm error code EINTEGRITY\nnpm error sha512-x integrity checksum failed", "not the one that this project"),
        ("npm error code ENOSPC", "the disk is full"),
        ("npm error code E404", "does not offer a package"),
        ("something odd", "something odd"),
        ("", "gave no reason"),
    ],
)
def test_what_npm_says_in_one_sentence(complaint: str, meaning: str) -> None:
    said = str(web_libraries.explain(complaint))
    assert meaning in said
    assert "→" in said


def test_every_package_is_pinned_with_its_hash_and_without_a_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_without_npm_a_pinned_one_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def install(venv: Path, *arguments: str) -> None:
        asked.append(arguments)
        raise SetupFailed("the Python package index cannot be reached")

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pip, "install", install)
    with pytest.raises(SetupFailed, match="package index"):
        web_libraries.provide(ROOT, tmp_path / "var", tmp_path / "venv", Progress())
    assert "--require-hashes" in asked[0]
    assert str(ROOT / "requirements-node.txt") in asked[0]


def test_what_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> None:
        raise AssertionError("nothing is to be fetched")

    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / ".complete").write_text(web_libraries.fingerprint(ROOT))
    monkeypatch.setattr(web_libraries, "_run", run)
    assert web_libraries.provide(ROOT, tmp_path, tmp_path / "venv", Progress()) == vendor
