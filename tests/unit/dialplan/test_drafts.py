"""What the studio asks about texts that are not saved: the answers are those of the commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.config import Home
from ivr.dialplan import drafts
from ivr.dialplan.versions import read_files
from ivr.dialplan.workbench import Workbench
from ivr.errors import IvrError

FILE = "dialplans/federal.yaml"
MONDAY = "2026-11-23 12:00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("home")
    for name in ("dialplans", "prompts", "config"):
        shutil.copytree(Home.find().root / name, root / name)
    return Home(root)


@pytest.fixture(autouse=True)
def _nothing_is_written(home: Home) -> Iterator[None]:
    before = read_files(home.root)
    yield
    assert read_files(home.root) == before


def text(home: Home) -> str:
    return (home.root / FILE).read_text(encoding="utf-8")


def lead(home: Home, texts: drafts.Texts, *lines: str) -> dict[str, object]:
    return drafts.call(home, texts, "federal", lines, MONDAY, "+79001234567", "free")


def test_findings_are_those_of_the_check_with_the_length_to_mark(home: Home, tmp_path: Path) -> None:
    broken = text(home).replace("go: people", "go: peple", 1)
    told = drafts.check(home, {FILE: broken}, FILE)
    (tmp_path / "federal.yaml").write_text(broken, encoding="utf-8")
    [wanted] = Workbench(home).check([tmp_path / "federal.yaml"])

    [finding] = told["findings"]
    assert finding["length"] == len("peple")
    assert (finding["line"], finding["column"], finding["message"], finding["hint"]) == (
        wanted.line,
        wanted.column,
        wanted.message,
        wanted.hint,
    )
    assert finding["file"] == FILE
    assert told["picture"] == ""


def test_a_whole_plan_has_a_picture_and_every_step_a_line(home: Home) -> None:
    told = drafts.check(home, {}, FILE)

    assert told["findings"] == []
    assert 'data-path="menu/1"' in told["picture"]
    lines = text(home).splitlines()
    assert lines[told["lines"]["menu"] - 1].strip() == "menu:"
    assert "ask: menu_federal" in lines[told["lines"]["menu/1"] - 1]
    assert {plan["name"] for plan in told["plans"]} >= {"federal", "operators"}


def test_a_draft_of_the_prompts_counts_for_the_plan(home: Home) -> None:
    without = (home.prompts / "ru.yaml").read_text(encoding="utf-8").replace("menu_federal:", "menu_other:")
    told = drafts.check(home, {"prompts/ru.yaml": without}, FILE)
    assert any(finding["file"] == FILE and "menu_federal" in finding["message"] for finding in told["findings"])


def test_a_call_follows_the_draft_and_the_same_lines_lead_the_same_call(home: Home) -> None:
    other = {FILE: text(home).replace("key: 2, topic: technical, go: people", "key: 2, topic: technical, go: farewell")}
    to_people, to_farewell = lead(home, {}, "2"), lead(home, other, "2")

    assert lead(home, other, "2") == to_farewell
    assert to_people["talking"]
    assert to_farewell["finished"]
    assert "walked" in str(to_farewell["picture"])
    heard = [fact for fact in to_farewell["facts"] if fact["kind"] == "hears"]  # type: ignore[attr-defined]
    assert heard[-1]["text"] == "Спасибо за звонок. Всего доброго!"


def test_lines_that_fit_nothing_are_told(home: Home) -> None:
    told = lead(home, {}, "/operator")
    assert [fact["text"] for fact in told["facts"] if fact["kind"] == "told"] == ["no operator is talking"]  # type: ignore[attr-defined]


def test_calls_on_what_is_no_plan_are_refused(home: Home) -> None:
    with pytest.raises(IvrError, match="has errors"):
        lead(home, {FILE: "plan: federal\n"})
    with pytest.raises(IvrError, match="not a time"):
        drafts.call(home, {}, "federal", (), "tomorrow", "", "free")


def test_tests_run_on_the_drafts(home: Home) -> None:
    assert drafts.test(home, {})["ok"]
    told = drafts.test(home, {FILE: text(home).replace("go: english", "go: people", 1)})

    assert not told["ok"]
    failed = [result for result in told["results"] if result["failure"]]
    broken = [finding for finding in told["findings"] if finding["severity"] == "error"]
    assert failed or broken
    assert all(result["story"] for result in failed)


def test_the_difference_from_the_files_as_they_are(home: Home) -> None:
    assert drafts.compare(home, {}, drafts.WORKING)["files"] == []
    [changed] = drafts.compare(home, {FILE: text(home).replace("Федеральная", "Общая")}, drafts.WORKING)["files"]
    assert changed["file"] == FILE
    with pytest.raises(IvrError, match="no version 7"):
        drafts.compare(home, {}, 7)


@pytest.mark.parametrize("file", ["../x.yaml", "config/ivr.yaml", "dialplans/a/b.yaml"])
def test_no_other_file_can_be_drawn_up(home: Home, file: str) -> None:
    with pytest.raises(IvrError, match="no file"):
        drafts.check(home, {file: "x: 1"}, FILE)
