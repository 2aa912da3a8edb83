"""The official small Vosk model of a language, where the network reaches its makers: fetched, checked, unpacked."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from ivr.errors import SetupFailed

_TIMEOUT_SECONDS = 30.0
_PIECE_BYTES = 1 << 20
_MOST_BYTES = 2 << 30


def fetch(language: str, models: Path, list_address: str) -> Path:
    """Download the newest small model for telephones and PCs into `models`; return its directory.

    `list_address` is the makers' own list (JSON) of models with addresses and MD5 sums. Raises SetupFailed.
    """
    try:
        with urllib.request.urlopen(list_address, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  given by us
            published = json.load(answer)
        entry = _newest(published, language)
        directory: Path = models / str(entry["name"])
        if (directory / "am" / "final.mdl").exists():
            return directory
        with tempfile.TemporaryDirectory(dir=models, prefix=".fetch-") as folder:
            archive = Path(folder) / "model.zip"
            _download(str(entry["url"]), archive, str(entry["md5"]))
            with zipfile.ZipFile(archive) as packed:
                if sum(part.file_size for part in packed.infolist()) > _MOST_BYTES:
                    raise SetupFailed("the archive unpacks to more than 2 GB", where=str(entry["url"]))
                packed.extractall(folder)  # zipfile keeps every name inside the folder
            shutil.move(Path(folder) / str(entry["name"]), directory)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", None) or error
        raise SetupFailed(
            f"the official model cannot be fetched: {reason}",
            where=list_address,
            hint=f"on a machine with Internet access download it, unpack it into {models}/, copy that folder here, and"
            " name it as speech.model in config/ivr.yaml; the model that comes with the project works without it",
        ) from error
    return directory


def _newest(published: Any, language: str) -> dict[str, Any]:
    fitting = [
        entry
        for entry in published
        if entry.get("lang") == language and entry.get("type") == "small" and str(entry.get("obsolete")) != "true"
    ]
    if not fitting:
        languages = ", ".join(sorted({str(entry.get("lang")) for entry in published}))
        raise SetupFailed(f"there is no official small model for {language}", hint=f"there are: {languages}")
    newest: dict[str, Any] = max(fitting, key=lambda entry: str(entry.get("version", "")))
    if "/" in newest["name"] or newest["name"].startswith("."):
        raise ValueError(f"the list names a model {newest['name']!r}")
    return newest


def _download(address: str, file: Path, md5: str) -> None:
    """MD5 is what the makers publish: it tells a broken download, not a forged one."""
    if not address.startswith(("https://", "http://127.0.0.1")):
        raise ValueError(f"the list gives the address {address!r}")
    digest = hashlib.md5(usedforsecurity=False)
    got = 0
    with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer, file.open("wb") as out:  # noqa: S310
        while piece := answer.read(_PIECE_BYTES):
            got += len(piece)
            if got > _MOST_BYTES:
                raise ValueError("the archive is larger than 2 GB")
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != md5:
        raise ValueError(f"the download is damaged: its MD5 is {digest.hexdigest()}, published is {md5}")
