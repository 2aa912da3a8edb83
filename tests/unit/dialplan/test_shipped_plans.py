"""The plans that are shipped: they are whole, their tests pass, and no way is left unwalked."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.config import Home
from ivr.dialplan.check import check
from ivr.dialplan.graph import mermaid, svg
from ivr.dialplan.source import read_text
from ivr.dialplan.testing import Outcome, run_file
from ivr.dialplan.trace import coverage
from ivr.dialplan.workbench import Workbench

ROOT = Path(__file__).parents[3]
LINES = {
    "88005553535": "federal",
    "88001001010": "account",
    "88002003030": "technical",
    "88003004040": "documents",
    "+7 843 222-02-22": "tatarstan",
}


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return Workbench(Home(ROOT))


@pytest.fixture(scope="module")
def outcomes(bench: Workbench) -> list[Outcome]:
    plans, _ = bench.read([])
    return [run_file(path, plans.by_name.get, bench.text_of) for path in bench.test_files([])]


def test_nothing_is_wrong_with_them(bench: Workbench) -> None:
    plans, findings = bench.read([])
    assert [str(finding) for finding in findings] == []
    for line, name in LINES.items():
        plan = plans.for_line(line)
        assert plan is not None
        assert plan.name == name


def test_every_test_of_theirs_passes(outcomes: list[Outcome]) -> None:
    assert [str(finding) for outcome in outcomes for finding in outcome.document.findings] == []
    failed = [str(result.failure) for outcome in outcomes for result in outcome.results if result.failure]
    assert failed == []
    assert sum(len(outcome.results) for outcome in outcomes) >= 60


def test_every_way_is_walked(bench: Workbench, outcomes: list[Outcome]) -> None:
    plans, _ = bench.read([])
    visits = [visit for outcome in outcomes for result in outcome.results for visit in result.visits]
    assert [missed for plan in plans for missed in coverage(plan, visits).missed] == []


def test_every_plan_can_be_drawn(bench: Workbench) -> None:
    for plan in bench.read([])[0]:
        drawn, flow = svg(plan), mermaid(plan)
        assert all(f">{name}</text>" in drawn for name in plan.sections)
        assert all(f"    {name}[" in flow for name in plan.sections)


def long_plan(steps: int) -> Iterator[str]:
    yield "plan: long\nlanguages: [ru]\nstart: s0\nsections:"
    for number in range(steps // 2):
        following = f"s{number + 1}" if number < steps // 2 - 1 else "bye"
        yield f"""  s{number}:
    - ask: menu_federal
      choices:
        - {{key: 1, topic: access, go: {following}}}
        - {{key: 2, topic: technical, go: bye}}
      no_input: {{say: menu_no_input, again: 2, go: bye}}
      no_match: {{say: menu_no_match, again: 2, go: {following}}}"""
    yield "  bye:\n    - hang_up: goodbye\n"


def test_a_long_plan_is_checked_by_work_that_grows_with_its_length(bench: Workbench) -> None:
    def work(steps: int) -> int:
        text, known = "\n".join(long_plan(steps)), bench.known
        profile = cProfile.Profile()
        with profile:
            document, parsed = read_text(text, "long.yaml")
            check(document, parsed, known)
        assert document.findings == []
        return pstats.Stats(profile).total_calls  # type: ignore[attr-defined, no-any-return] # typeshed forgot it

    work(20)  # whatever is done once
    assert work(1000) < 5 * work(250)
