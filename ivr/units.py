"""`ivr units`: unit files for systemd, with this checkout's paths in them."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.config import Home
from ivr.errors import IvrError
from ivr.hotline import Hotline

_HOMES = ("/home", "/root", "/run/user")


def write(
    folder: Annotated[Path, typer.Argument(help="Where to, such as /etc/systemd/system")],
    user: Annotated[str, typer.Option(help="Who runs the hotline; left out: you")] = "",
) -> None:
    """Write systemd units: Asterisk, store, speech workers and two controllers, each with what it needs and no more."""
    home = Home.find()
    user = user or getpass.getuser()
    if user == "root":
        raise IvrError("the hotline does not run as root", hint="name another user with --user")
    if not folder.is_dir():
        raise IvrError("there is no such folder", where=str(folder))
    hotline = Hotline(home)
    workers = range(1, hotline.settings.speech.workers + 1)
    values = {
        "@ROOT@": str(home.root),
        "@IVR@": f"{sys.prefix}/bin/ivr",
        "@USER@": user,
        "@SPEECH@": " ".join(f"ivr-speech@{number}.service" for number in workers),
        "@DOOR@": "ivr-door.service" if hotline.encryption else "",
        # the checkout itself may lie in a home
        "@HOMES@": "read-only" if str(home.root).startswith(_HOMES) else "yes",
    }
    common = (home.root / "systemd" / "common").read_text(encoding="utf-8")
    for unit in sorted((home.root / "systemd").glob("ivr*")):
        text = unit.read_text(encoding="utf-8").replace("@COMMON@\n", common)
        for mark, value in values.items():
            text = text.replace(mark, value)
        (folder / unit.name).write_text(text, encoding="utf-8")
    sys.stdout.write("written; then: systemctl daemon-reload && systemctl enable --now ivr.target\n")
