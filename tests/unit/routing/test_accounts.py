"""Operators as the admin writes them: the shipped file is right, and what is wrong is said with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import ConfigurationInvalid
from ivr.operator.accounts import load_accounts
from ivr.routing.skills import level, need

SHIPPED = Path(__file__).parents[3] / "config" / "operators.yaml"
TOPICS = (
    *("access", "registration", "technical", "forms", "status", "documents", "payments", "appointment", "signature"),
    *("security", "operator", "none"),
)


def test_the_shipped_operators_can_take_every_topic() -> None:
    accounts = load_accounts(SHIPPED)
    assert {"anna", "boris"} <= {account.name for account in accounts}
    for topic in TOPICS:
        for queue in ("people", "tatarstan"):
            wanted = need(queue, topic, "ru", ())
            assert any(level(account.profile, wanted) is not None for account in accounts), (queue, topic)


@pytest.mark.parametrize(
    ("wrong", "line", "sentence"),
    [
        ("operators:\n  - {name: anna, full_name: Анна, extension: '101'}\n", 2, "Field required"),
        (
            "operators:\n  - name: anna\n    full_name: А\n    extension: 12a\n    skills: {forms: 1}\n",
            4,
            "match pattern",
        ),
        ("operators:\n  - name: anna\n    full_name: А\n    extension: 101\n    skills: {forms: 7}\n", 5, "less than"),
        ("operators:\n  - name: anna\n    name: boris\n", 3, "written twice"),
        ("operators: [\n", 2, "expected"),
        ("", 1, ""),
        (
            "operators:\n  - name: anna\n    full_name: А\n    extension: 101\n    skills: {}\n    zone: Kazan\n",
            6,
            "not a time zone",
        ),
    ],
)
def test_a_mistake_is_found_where_it_is(tmp_path: Path, wrong: str, line: int, sentence: str) -> None:
    file = tmp_path / "operators.yaml"
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as error:
        load_accounts(file)
    assert any(finding.line == line and sentence in finding.message for finding in error.value.findings), error.value


def test_two_operators_may_not_share_an_extension(tmp_path: Path) -> None:
    one = "  - {name: %s, full_name: А, extension: '101', skills: {forms: 1}}\n"
    file = tmp_path / "operators.yaml"
    file.write_text("operators:\n" + one % "anna" + one % "boris", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid, match="two operators have the extension 101"):
        load_accounts(file)


def test_a_missing_file_is_an_error_for_the_admin(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        load_accounts(tmp_path / "none.yaml")
