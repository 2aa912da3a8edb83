"""Fetching the makers' model, from a server of our own: what is checked, and what people are told."""

from __future__ import annotations

import functools
import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.speech.official import fetch

NAME = "vosk-model-small-ru-0.22"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def publish(served: tuple[Path, str], changes: dict[str, str] | None = None) -> str:
    folder, address = served
    with zipfile.ZipFile(folder / "model.zip", "w") as packed:
        packed.writestr(f"{NAME}/am/final.mdl", b"model")
    md5 = hashlib.md5((folder / "model.zip").read_bytes(), usedforsecurity=False).hexdigest()
    entry = {"name": NAME, "lang": "ru", "type": "small", "version": "0.22", "obsolete": "false"}
    old = {**entry, "name": "vosk-model-small-ru-0.4", "version": "0.15", "url": f"{address}/none.zip", "md5": ""}
    newest = {**entry, "url": f"{address}/model.zip", "md5": md5, **(changes or {})}
    (folder / "list.json").write_text(json.dumps([old, newest]))
    return f"{address}/list.json"


def test_the_newest_small_model_is_fetched_once(tmp_path: Path, served: tuple[Path, str]) -> None:
    folder, _ = served
    listed = publish(served)
    models = tmp_path / "models"
    models.mkdir()
    assert fetch("ru", models, listed) == models / NAME
    assert (models / NAME / "am" / "final.mdl").read_bytes() == b"model"
    (folder / "model.zip").unlink()
    assert fetch("ru", models, listed) == models / NAME
    assert [one.name for one in models.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"md5": "0" * 32}, "damaged"),
        ({"url": "ftp://example.org/model.zip"}, "address"),
        ({"name": "../model"}, "names a model"),
        ({"lang": "en"}, "cannot be fetched"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_left(
    tmp_path: Path, served: tuple[Path, str], changes: dict[str, str], why: str
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    with pytest.raises(SetupFailed, match=why):
        fetch("ru", models, publish(served, changes))
    assert list(models.iterdir()) == []


def test_without_a_network_people_are_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed) as told:
        fetch("ru", tmp_path, "http://127.0.0.1:9/list.json")
    assert "copy that folder here" in told.value.hint


def test_a_language_without_a_model_is_named(tmp_path: Path, served: tuple[Path, str]) -> None:
    with pytest.raises(SetupFailed, match="no official small model for tt"):
        fetch("tt", tmp_path, publish(served))
