"""`ivr call` and `ivr answer` as a person starts them."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from ivr.agent.steps import CallReport, Step
from ivr.agent.view import Lines, step_object, summary, summary_object
from ivr.config import Home
from ivr.journal.record import Record


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A checkout whose hotline does not run."""
    for name in ("config", "dialplans", "prompts", "asterisk", "models"):
        (tmp_path / name).symlink_to(Home.find().root / name)
    return tmp_path


async def run(home: Path, *words: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ivr",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "IVR_HOME": str(home)},
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("words", [("call", "88005553535", "--say", "оператор"), ("answer", "anna")])
async def test_a_hotline_that_does_not_run_is_one_sentence(home: Path, words: tuple[str, ...]) -> None:
    code, out, err = await run(home, *words)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "not running → start it with `make run`" in err


async def test_a_wrong_key_is_named_before_anything_is_dialled(home: Path) -> None:
    code, out, err = await run(home, "call", "88005553535", "--keys", "1x")
    assert (code, out) == (2, "")
    assert '"X" is no key' in err


async def test_an_unknown_operator_is_named(home: Path) -> None:
    code, out, err = await run(home, "answer", "anna", "nobody")
    assert (code, out) == (1, "")
    assert "there is no operator nobody" in err
    assert "anna" in err


REPORT = CallReport(
    outcome="talked",
    cause=16,
    reason="Normal Clearing",
    hung_up_by="caller",
    steps=(),
    call="2n037jx5er2m",
    topic="access",
    queue_wait_seconds=0.53789,
    talk_seconds=5.0,
    answer_seconds=0.012,
)


def test_the_last_line_for_scripts() -> None:
    assert summary_object(REPORT) == {
        "call": "2n037jx5er2m",
        "topic": "access",
        "outcome": "talked",
        "queue_wait_seconds": 0.538,
        "talk_seconds": 5.0,
    }


def test_the_last_line_for_people() -> None:
    assert summary(REPORT) == "call 2n037jx5er2m: talked, topic access, answered in 12 ms, waited 0.54 s, talked 5.0 s"


def test_steps_for_scripts_are_json() -> None:
    step = Step(1.23456, "menu", {"path": "federal/menu/1", "attempt": 1})
    assert json.loads(json.dumps(step_object(step, operator="anna"))) == {
        "at_seconds": 1.235,
        "operator": "anna",
        "step": "menu",
        "path": "federal/menu/1",
        "attempt": 1,
    }


def test_steps_for_people_tell_who_and_how_long_after_the_step_before() -> None:
    record = Record("2n037jx5er2m", 1, "no_input", "federal/menu/1", 0.0, 0.0, {"attempt": 1})
    lines = Lines()
    assert lines.line(Step(0.5, "presses", {"key": "1"}), "caller") == "    0.500  + 0.500  caller   presses 1"
    assert lines.line(Step(0.45, "no_input", {}, record), "caller").startswith("    0.450  + 0.000  hotline  ")
    assert lines.line(Step(2.0, "something_new", {}), "caller") == "    2.000  + 1.500  caller   something_new"
