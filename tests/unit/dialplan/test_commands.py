"""The commands as scripts use them: JSON lines on stdout, exit codes, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ivr import drawing
from ivr.config import Home
from ivr.dialplan import commands
from ivr.dialplan.publish import publish
from ivr.dialplan.steps import VERBS
from ivr.dialplan.versions import Versions
from ivr.errors import ConfigurationInvalid, IvrError

ROOT = Path(__file__).parents[3]
BROKEN = ROOT / "tests" / "plans" / "broken" / "many_at_once.yaml"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("dialplans", "prompts", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def run(command: Callable[..., None], checkout: Path, *arguments: str, typed: str = "") -> Result:
    application = typer.Typer(pretty_exceptions_enable=False)
    application.command()(command)
    return CliRunner().invoke(application, arguments, input=typed, env={"IVR_HOME": str(checkout)})


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_check_gives_one_object_a_finding_and_fails(checkout: Path) -> None:
    result = run(commands.check, checkout, str(BROKEN), "--json")
    assert result.exit_code == 1
    found = objects(result)
    assert len(found) > 5
    assert all(set(each) == {"file", "line", "column", "severity", "message", "hint"} for each in found)


def test_check_of_the_shipped_plans_says_nothing_to_scripts(checkout: Path) -> None:
    result = run(commands.check, checkout, "--json")
    assert (result.exit_code, result.stdout) == (0, "")


def test_check_names_a_file_that_is_not_there(checkout: Path) -> None:
    result = run(commands.check, checkout, "nowhere.yaml")
    assert result.exit_code != 0
    assert "nowhere.yaml" in result.output


def test_a_broken_catalogue_is_found_too(checkout: Path) -> None:
    (checkout / "prompts" / "ru.yaml").write_text("goodbye:\n", encoding="utf-8")
    found = objects(run(commands.check, checkout, "--json"))
    assert any(each["message"] == 'prompt "goodbye" has no text' for each in found)


def test_check_takes_whatever_admins_write(checkout: Path) -> None:
    wrong = {
        "dialplans/topics.yaml": "topics: 5\n",
        "dialplans/federal.tests.yaml": "plan: federal\ntests:\n  - test: a\n    call: [sleeps]\n",
        "prompts/ru.yaml": "goodbye:\n",
        "config/operators.yaml": "operators: []\n",
        "config/ivr.yaml": "lines: 5\n",
    }
    for name, text in wrong.items():
        (checkout / name).write_text(text, encoding="utf-8")
    for name in wrong:
        result = run(commands.check, checkout, str(checkout / name), "--json")
        assert result.exit_code == 1
        assert {each["file"] for each in objects(result)} == {str(checkout / name)}
    everything = objects(run(commands.check, checkout, "--json"))
    assert {str(checkout / name) for name in wrong} <= {each["file"] for each in everything}


def test_test_tells_passes_failures_and_coverage(checkout: Path) -> None:
    tests = checkout / "dialplans" / "federal.tests.yaml"
    tests.write_text(tests.read_text(encoding="utf-8").replace("topic: access", "topic: forms", 1), encoding="utf-8")
    result = run(commands.run_tests, checkout, str(tests), "--json")
    assert result.exit_code == 1
    found = objects(result)
    failed = [each for each in found if each.get("passed") is False]
    assert [each["failure"]["message"] for each in failed] == ['topic is "access", expected "forms"']
    assert {"plan", "ways", "walked", "missed"} == set(found[-1])
    shown = run(commands.run_tests, checkout, str(tests)).stdout
    assert "what happened until then:" in shown
    assert "says text не могу войти" in shown


def test_tests_of_a_plan_that_is_broken_say_what_is_wrong_with_it(checkout: Path) -> None:
    (checkout / "dialplans" / "federal.yaml").write_text("plan: federal\n", encoding="utf-8")
    result = run(commands.run_tests, checkout)
    assert result.exit_code == 1
    assert '"languages" is missing here' in result.stdout


def test_try_tells_each_step_as_an_object(checkout: Path) -> None:
    result = run(commands.try_plan, checkout, "88005553535", "--json", typed="не могу войти\n/bye\n")
    steps = [each["step"] for each in objects(result)]
    assert steps[:2] == ["answered", "hears"]
    assert "topic" in steps
    assert steps[-1] == "hangs_up"


def test_try_helps(checkout: Path) -> None:
    typed = "/help\n/vars\n/wait\n/wait 1\n/operator\n/nonsense\n*\n"
    shown = run(commands.try_plan, checkout, "federal", "--at", "2026-11-23 12:00", typed=typed).stdout
    for part in (
        "You are the caller",
        "language: ru",
        "how many seconds?",
        "no operator is talking",
        "unknown command",
    ):
        assert part in shown


def test_a_plan_that_is_not_there_is_told(checkout: Path) -> None:
    result = run(drawing.graph, checkout, "federall")
    assert isinstance(result.exception, IvrError)
    assert "federal" in result.exception.hint
    result = run(drawing.graph, checkout, str(BROKEN))
    assert isinstance(result.exception, ConfigurationInvalid)


def test_graph_sets_off_the_way_of_a_call(checkout: Path) -> None:
    picture = checkout / "federal.svg"
    trace = "".join(f'{{"path": "federal/{step}"}}\n' for step in ("welcome/1", "menu/1", "menu/1", "elsewhere/1"))
    assert run(drawing.graph, checkout, "federal", "-o", str(picture), "--trace", "-", typed=trace).exit_code == 0
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.count('class="step walked"') == 3
    ways = [part.partition("</text>")[0].partition(">")[2].strip() for part in drawn.split('class="way walked"')[1:]]
    assert ways == ["go", "out_of_scope"]
    assert run(drawing.graph, checkout, "federal", "--trace", "-", typed="nonsense").exit_code != 0


def test_the_schema_knows_every_verb_and_what_an_admin_may_leave_out(checkout: Path) -> None:
    plan = json.loads(run(commands.schema, checkout, "--json").stdout)
    steps = plan["properties"]["sections"]["additionalProperties"]["items"]["anyOf"]
    assert {each["required"][0] for each in steps if "required" in each} == set(VERBS)
    assert {"notices", "record", "return", "hang_up"} == set(steps[-1]["enum"])
    assert plan["properties"]["languages"]["anyOf"][0]["type"] == "string"
    tests = json.loads(run(commands.schema, checkout, "--tests").stdout)
    assert "plan" in tests["properties"]


def test_versions_and_rollback(checkout: Path) -> None:
    home = Home(checkout)
    kept = Versions(home.var / "versions")
    assert "no version has gone live yet" in run(commands.versions, checkout).stdout
    publish(home, kept, datetime(2026, 11, 23, 9, tzinfo=UTC))
    text = checkout / "prompts" / "ru.yaml"
    text.write_text(text.read_text(encoding="utf-8") + "news: Новости.\n", encoding="utf-8")
    publish(home, kept, datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert [(each["number"], each["live"]) for each in objects(run(commands.versions, checkout, "--json"))] == [
        (1, False),
        (2, True),
    ]
    assert objects(run(commands.rollback, checkout, "--json"))[0]["number"] == 1
    assert "differ from the live version" in run(commands.versions, checkout).stdout
    assert publish(home, kept, datetime(2026, 11, 23, 11, tzinfo=UTC)) is None, "a start must not undo the rollback"
