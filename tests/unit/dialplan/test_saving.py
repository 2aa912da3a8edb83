"""Plans from the browser are written whole, in their folders only, and never over somebody's change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import Home
from ivr.dialplan.saving import NEW, Change, ChangedMeanwhile, content_of, mark_of, save, text_of
from ivr.errors import IvrError

PLAN = "dialplans/federal.yaml"
PROMPTS = "prompts/ru.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for folder, content in (
        ("dialplans", "plan: federal\n"),
        ("prompts", "hello: Здравствуйте\n"),
        ("config", "x: 1\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ("federal.yaml" if folder == "dialplans" else "ru.yaml")).write_text(content)
    return Home(tmp_path)


def based(home: Home, file: str, text: str) -> Change:
    return Change(text, mark_of(content_of(home, file)))


def files(home: Home) -> dict[str, str]:
    paths = (path for path in home.root.rglob("*") if path.is_file())
    return {str(path.relative_to(home.root)): path.read_text() for path in paths}


def test_all_files_are_written_and_nothing_else_is_left(home: Home) -> None:
    fresh = "dialplans/payments.tests.yaml"
    save(home, {PLAN: based(home, PLAN, "plan: other"), fresh: Change("plan: payments\n", NEW)})

    assert files(home) == {
        PLAN: "plan: other\n",
        fresh: "plan: payments\n",
        PROMPTS: "hello: Здравствуйте\n",
        "config/ru.yaml": "x: 1\n",
    }


def test_somebodys_change_in_between_is_told_and_nothing_is_written(home: Home) -> None:
    changes = {PROMPTS: based(home, PROMPTS, "hello: Привет\n"), PLAN: based(home, PLAN, "plan: mine\n")}
    (home.root / PLAN).write_text("plan: theirs\n")
    before = files(home)

    with pytest.raises(ChangedMeanwhile) as refused:
        save(home, changes)
    assert dict(refused.value.files) == {PLAN: "plan: theirs\n"}
    assert files(home) == before


def test_a_file_that_somebody_else_has_made_first_is_not_written_over(home: Home) -> None:
    with pytest.raises(ChangedMeanwhile):
        save(home, {PLAN: Change("plan: new\n", NEW)})


def test_a_file_that_somebody_has_removed_is_told(home: Home) -> None:
    change = based(home, PLAN, "plan: mine\n")
    (home.root / PLAN).unlink()
    with pytest.raises(ChangedMeanwhile):
        save(home, {PLAN: change})


@pytest.mark.parametrize(
    "file",
    [
        "config/ivr.yaml",
        "dialplans/../config/ivr.yaml",
        "dialplans/deep/plan.yaml",
        "/etc/passwd",
        "dialplans/.hidden.yaml",
        "dialplans/plan.yaml\n",
        "dialplans/plan.yml",
        "prompts/russian.yaml",
        "",
    ],
)
def test_nothing_but_plans_and_prompts_can_be_written_or_read(home: Home, file: str) -> None:
    before = files(home)
    with pytest.raises(IvrError, match="no file of plans"):
        save(home, {file: Change("x: 1\n", NEW), PLAN: based(home, PLAN, "plan: mine\n")})
    with pytest.raises(IvrError, match="no file of plans"):
        content_of(home, file)
    assert files(home) == before


def test_a_file_that_is_no_text_is_not_opened(home: Home) -> None:
    with pytest.raises(IvrError, match="UTF-8"):
        text_of(b"plan: \xff", PLAN)
