"""What is no backup of ours, or not whole, is told from one that is before anything is put in place."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from ivr.backup.bundle import STORE, pack, unpack
from ivr.errors import IvrError

Files = dict[str, bytes]


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    root, store = tmp_path / "hotline", tmp_path / STORE
    (root / "config").mkdir(parents=True)
    (root / "config" / "ivr.yaml").write_text("log_level: info\n")
    store.write_text("{}\n")
    out = io.BytesIO()
    assert pack(root, store, out) == 2
    return out.getvalue()


def altered(bundle: bytes, change: Callable[[Files], None]) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    change(files)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def test_a_whole_one_is_taken(whole: bytes, tmp_path: Path) -> None:
    for number, bundle in enumerate((whole, altered(whole, lambda _: None))):
        unpack(io.BytesIO(bundle), "here", tmp_path / str(number))
        assert (tmp_path / str(number) / "config" / "ivr.yaml").read_text() == "log_level: info\n"


def another_format(files: Files) -> None:
    files["list.json"] = orjson.dumps({**orjson.loads(files["list.json"]), "format": 2})


def no_store(files: Files) -> None:
    known = orjson.loads(files["list.json"])
    del files[STORE], known["files"][STORE]
    files["list.json"] = orjson.dumps(known)


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.update({"config/ivr.yaml": b"log_level: debug\n"}),
        lambda files: files.update({"config/more.yaml": b""}),
        lambda files: files.pop("config/ivr.yaml"),
        lambda files: files.pop("list.json"),
        another_format,
        no_store,
    ],
)
def test_one_that_was_altered_is_refused(whole: bytes, tmp_path: Path, change: Callable[[Files], None]) -> None:
    with pytest.raises(IvrError, match="no whole backup"):
        unpack(io.BytesIO(altered(whole, change)), "here", tmp_path / "new")


@pytest.mark.parametrize("length", [0, 10, 200])
def test_one_that_is_cut_short_or_none_at_all_is_refused(whole: bytes, tmp_path: Path, length: int) -> None:
    for bundle in (whole[:length], b"x" * length):
        with pytest.raises(IvrError, match="no whole backup"):
            unpack(io.BytesIO(bundle), "here", tmp_path / "new")


@pytest.mark.parametrize("name", ["{}/out", "../out", "config/../../out", "var/keys.json/../../out", "var/run/out"])
def test_a_file_that_would_go_elsewhere_is_refused(whole: bytes, tmp_path: Path, name: str) -> None:
    bundle = altered(whole, lambda files: files.update({name.format(tmp_path): b"x"}))
    with pytest.raises(IvrError, match="does not belong"):
        unpack(io.BytesIO(bundle), "here", tmp_path / "new")
    assert list(tmp_path.rglob("out")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|gz") as tar:
        member = tarfile.TarInfo("config/ivr.yaml")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(IvrError, match="does not belong"):
        unpack(io.BytesIO(out.getvalue()), "here", tmp_path / "new")
