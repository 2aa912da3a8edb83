"""Every kind of mistake, with the words that an admin reads about it.

The plans are in tests/plans/broken; what is said about them is in __snapshots__. After a change of words:
pytest tests/unit/dialplan/test_broken_plans.py --snapshot-update, and read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from ivr.dialplan.check_draft import Known
from ivr.dialplan.report import render
from ivr.dialplan.services import HttpService, all_services
from ivr.dialplan.source import read_plans
from ivr.routing.skills import Profile
from ivr.speech.topics import TopicModel

PLANS = Path(__file__).parents[2] / "plans"
BROKEN = sorted((PLANS / "broken").glob("*.yaml"))

KNOWN = Known(
    prompts={
        "ru": {"hello", "goodbye", "only_russian"},
        "en": {"hello", "goodbye"},
        "xx": {"hello", "goodbye"},
    },
    topics={"access", "status", "technical"},
    words={"ru": {"да", "нет", "оператор"}},
    outside={"duty_officer"},
    services=all_services({"slots": HttpService(url="https://host/slots", gives={"free": "number"})}),
    operators=[Profile(name="anna", skills={"access": 1})],
)


def findings_of(path: Path) -> str:
    _, findings = read_plans([path, PLANS / "helper.yaml"], TopicModel(()), KNOWN)
    source = path.read_bytes().decode("utf-8", errors="replace")
    shown = [render(finding, source) for finding in findings if finding.file == str(path)]
    return "\n".join(shown).replace(str(path), path.name)


def test_there_are_enough() -> None:
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_the_admin_is_told(path: Path, snapshot: SnapshotAssertion) -> None:
    told = findings_of(path)
    assert told, "this plan is not broken any more"
    assert told == snapshot


def test_the_plan_that_others_call_is_whole() -> None:
    plans, findings = read_plans([PLANS / "helper.yaml"], TopicModel(()), KNOWN)
    assert [plan.name for plan in plans] == ["helper"]
    assert findings == ()
