"""The unit files for systemd: each starts a program that there is, with nothing that it does not need."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from ivr.cli import _COMMANDS
from ivr.errors import IvrError
from ivr.supervise import tell_service_manager
from ivr.units import write

NEEDED = ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "PrivateTmp=yes")


def test_units_name_this_checkout_and_lock_each_program_in(tmp_path: Path) -> None:
    write(tmp_path, user="hotline")
    units = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert "ivr-speech@1.service ivr-speech@2.service" in units["ivr.target"]
    services = {name: text for name, text in units.items() if name.endswith(".service")}
    assert len(services) == 6
    for name, text in services.items():
        assert not re.search(r"@[A-Z]+@", text), f"{name}: a mark was not filled in"
        assert [line for line in NEEDED if f"\n{line}\n" not in text] == [], name
        assert "User=hotline\n" in text
        commands = re.findall(r"^Exec\w+=\S+/bin/ivr (.+)$", text, re.MULTILINE)
        assert commands
        assert [words for words in commands if not any(words.startswith(known) for known in _COMMANDS)] == []
        assert ("Restart=always\n" in text) == ("drain" not in name)
    assert "KillSignal=SIGTERM\n" in services["ivr-controller@.service"]
    drain = services["ivr-drain.service"]  # callers are listened to until the last one has gone
    assert re.search("^After=.*ivr-speech@1.service ivr-speech@2.service", drain, re.MULTILINE)


def test_the_hotline_does_not_run_as_root(tmp_path: Path) -> None:
    with pytest.raises(IvrError, match="root"):
        write(tmp_path, user="root")


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_service_manager("READY=1")  # without one: nothing happens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        tell_service_manager("READY=1")
        assert manager.recv(100) == b"READY=1"
