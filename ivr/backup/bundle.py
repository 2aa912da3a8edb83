"""A backup's file: a compressed tar of what an admin wrote, keys, passwords, closed days, and the store's lines.

Its last member lists the others with their checksums, so that a file cut short is known before anything is changed.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

import orjson

from ivr.errors import IvrError

FOLDERS = ("config", "dialplans", "prompts")
"""What admins write, under the checkout."""
VAR = ("keys.json", "secrets.json", "archive", "versions", "models", "spool")
"""Of `var/`, what cannot be made anew."""
STORE = "store.jsonl"
_LIST = "list.json"
_FORMAT = 1
_PIECE = 1 << 20


def pack(root: Path, store: Path, out: IO[bytes]) -> int:
    """Write the bundle of the checkout at `root` and the store's lines in `store`; answers the number of files."""
    sums: dict[str, str] = {}
    with tarfile.open(fileobj=out, mode="w|gz") as tar:
        for name, path in [*_files(root), (STORE, store)]:
            member = tarfile.TarInfo(name)
            member.mode, member.size, member.mtime = 0o600, path.stat().st_size, int(path.stat().st_mtime)
            with path.open("rb") as file:
                counted = _Summed(file)
                tar.addfile(member, counted)
            sums[name] = counted.sum.hexdigest()
        content = orjson.dumps({"format": _FORMAT, "files": sums})
        member = tarfile.TarInfo(_LIST)
        member.mode, member.size = 0o600, len(content)
        tar.addfile(member, io.BytesIO(content))
    return len(sums)


def unpack(source: IO[bytes], where: str, folder: Path) -> None:
    """Write the bundle's files into `folder`; IvrError when it is none, or not whole."""
    sums, told = dict[str, str](), dict[str, object]()
    try:
        with tarfile.open(fileobj=source, mode="r|gz") as tar:
            for member in tar:
                path = folder / _safe(member)
                content = tar.extractfile(member)
                assert content is not None  # `_safe` lets regular files pass only
                if member.name == _LIST:
                    told = orjson.loads(content.read())
                    continue
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600)
                counted = _Summed(content)
                with path.open("wb") as file:
                    while piece := counted.read(_PIECE):
                        file.write(piece)
                sums[member.name] = counted.sum.hexdigest()
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise IvrError(f"this is no whole backup: {error}", where=where, hint="take an older one") from error
    if told.get("format") != _FORMAT or told.get("files") != sums or STORE not in sums:
        raise IvrError("this is no whole backup: its list and its files differ", where=where, hint="take an older one")


def put_in_place(folder: Path, root: Path) -> None:
    """Move the unpacked files to where a hotline has them; what was there goes to `var/before-restore`."""
    before = root / "var" / "before-restore"
    moves = [(folder / name, root / name, before / name) for name in FOLDERS]
    # the master keys come last: with them the checkout counts as one that has data
    moves += [(folder / "var" / name, root / "var" / name, before / "var" / name) for name in reversed(VAR)]
    for new, place, old in moves:
        if not new.exists():
            continue
        if place.exists():
            old.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.rename(old)
        new.rename(place)


def _files(root: Path) -> list[tuple[str, Path]]:
    tops = [*(root / name for name in FOLDERS), *(root / "var" / name for name in VAR)]
    paths = [path for top in tops for path in ([top] if top.is_file() else sorted(top.rglob("*"))) if path.is_file()]
    return [(str(path.relative_to(root)), path) for path in paths]


def _safe(member: tarfile.TarInfo) -> Path:
    """The member's place, below where it is unpacked and nowhere else."""
    parts = PurePosixPath(member.name).parts
    known = member.name in (STORE, _LIST) or parts[0] in FOLDERS or parts[:2] in {("var", name) for name in VAR}
    if not (member.isreg() and known and ".." not in parts):
        raise ValueError(f"a file {member.name!r} does not belong into a backup")
    return Path(*parts)


class _Summed(io.RawIOBase):
    """Reads through, with the checksum of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.sum.update(piece)
        return piece
