"""The unit files for systemd: each starts a program that there is, with nothing that it does not need."""

from __future__ import annotations

import asyncio
import re
import shlex
import socket
import subprocess
import time
from pathlib import Path

import pytest

from ivr.cli import _COMMANDS
from ivr.errors import IvrError
from ivr.service_manager import tell, tell_alive
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
        # seen: killed six times in ten seconds, a program stays down for good
        assert ("\nStartLimitIntervalSec=0\n" in text.partition("[Service]")[0]) == ("drain" not in name)
    assert "KillSignal=SIGTERM\n" in services["ivr-controller@.service"]
    drain = services["ivr-drain.service"]  # callers are listened to until the last one has gone
    assert re.search("^After=.*ivr-speech@1.service ivr-speech@2.service", drain, re.MULTILINE)


@pytest.mark.parametrize(("url", "code"), [("", 0), ("redis://elsewhere:1/0", 1)])
def test_there_is_no_embedded_store_where_another_is_named(tmp_path: Path, url: str, code: int) -> None:
    write(tmp_path, user="hotline")
    unit = (tmp_path / "ivr-store.service").read_text(encoding="utf-8")
    (condition,) = re.findall("^ExecCondition=(.+)$", unit, re.MULTILINE)
    words = shlex.split(condition.replace("$$", "$"))  # as systemd reads it
    assert subprocess.run(words, env={"REDIS_URL": url}, check=False, timeout=10).returncode == code


def test_the_hotline_does_not_run_as_root(tmp_path: Path) -> None:
    with pytest.raises(IvrError, match="root"):
        write(tmp_path, user="root")


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell("READY=1")  # without one: nothing happens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        tell("READY=1")
        assert manager.recv(100) == b"READY=1"


async def test_a_controller_says_that_it_is_alive_only_while_its_loop_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell_alive()  # without a watchdog: nothing happens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        alive = asyncio.create_task(tell_alive())
        async with asyncio.timeout(10):
            for _ in range(2):
                assert await asyncio.get_running_loop().sock_recv(manager, 100) == b"WATCHDOG=1"
        time.sleep(0.3)  # noqa: ASYNC251 -- a loop that hangs is what is wanted
        with pytest.raises(BlockingIOError):
            manager.recv(100)
        alive.cancel()
