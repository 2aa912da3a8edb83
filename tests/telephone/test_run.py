"""What stands in the way of `ivr run` is said in one sentence, with exit code 1 and no traceback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ivr.config import Home
from ivr.hotline import Hotline
from ivr.provision.setup import Provisions
from tests.telephone.conftest import RunningHotline, make_home

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session")]


async def ivr(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and what was said on stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", *arguments),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {}), "IVR_HOME": str(root)},
    )
    async with asyncio.timeout(50):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


@pytest.fixture
def root(tmp_path: Path, provisions: Provisions) -> Path:
    make_home(tmp_path)
    return tmp_path


async def test_a_port_that_is_taken_is_named_with_its_purpose(root: Path) -> None:
    port = Hotline(Home(root)).ports.web
    with socket.create_server(("127.0.0.1", port)):
        code, said = await ivr(root, "run")
    assert code == 1
    assert f"port {port}, meant for the web pages, is taken" in said
    assert "IVR_PORT_WEB=" in said
    assert "Traceback" not in said


async def test_a_second_run_of_the_same_checkout_is_refused(hotline: RunningHotline) -> None:
    code, said = await ivr(hotline.hotline.home.root, "run")
    assert code == 1
    assert "running already" in said
    assert (await hotline.status())["store"]["ok"]


async def test_a_missing_model_is_named(root: Path) -> None:
    (root / "models").unlink()
    code, said = await ivr(root, "run")
    assert (code, "there is no speech model here" in said, "Traceback" in said) == (1, True, False)


async def test_a_store_that_does_not_answer_is_named(root: Path) -> None:
    code, said = await ivr(root, "run", environment={"REDIS_URL": "redis://127.0.0.1:1"})
    assert (code, "the store does not answer" in said, "Traceback" in said) == (1, True, False)


async def test_an_asterisk_that_is_none_is_named(root: Path) -> None:
    code, said = await ivr(root, "run", environment={"ASTERISK": "/bin/no-asterisk"})
    assert (code, "/bin/no-asterisk" in said, "Traceback" in said) == (1, True, False)


async def test_a_broken_plan_stops_the_start_and_is_shown(root: Path) -> None:
    (root / "dialplans").unlink()
    (root / "dialplans").mkdir()
    (root / "dialplans" / "topics.yaml").write_text("topics: [\n", encoding="utf-8")
    code, said = await ivr(root, "run")
    assert (code, "topics.yaml" in said, "Traceback" in said) == (1, True, False)


@pytest.mark.parametrize("command", [("status",), ("trace", "abc"), ("journal",), ("call", "88005553535")])
async def test_commands_say_that_the_hotline_is_not_running(command: tuple[str, ...], root: Path) -> None:
    code, said = await ivr(root, *command)
    assert code == 1
    assert "start " in said
    assert "make run" in said
    assert "Traceback" not in said


async def test_ctrl_c_during_the_start_leaves_nothing_running(root: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", "run"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "IVR_HOME": str(root)},
    )
    pids = root / "var" / "run"
    async with asyncio.timeout(30):
        while not list(pids.glob("*.pid")):  # noqa: ASYNC110 -- another process writes them
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        assert await process.wait() == 0
    assert not list(pids.glob("*.pid"))
