"""What the status tells about lines is what callers meet there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from ivr.dialplan.source import load_plans
from ivr.speech.topics import TopicModel
from ivr.status import line_status

PLANS = load_plans(Path(__file__).parents[2] / "dialplans", TopicModel(()))


@pytest.mark.parametrize(
    ("line", "at", "is_open", "until"),
    [
        ("+7 843 222-02-22", "2026-11-23T12:00+03:00", True, "2026-11-23T20:00+03:00"),
        ("+7 843 222-02-22", "2026-11-28T18:00+03:00", False, "2026-11-30T08:00+03:00"),  # Saturday evening
        ("8 800 555-35-35", "2026-11-29T03:00+03:00", True, None),
    ],
)
def test_a_line_is_open_by_its_hours(line: str, at: str, is_open: bool, until: str | None) -> None:
    plan = PLANS.for_line(line)
    assert plan is not None
    status = line_status(plan.lines[0], plan, 3, datetime.fromisoformat(at).timestamp())
    assert (status.open, status.calls) == (is_open, 3)
    assert status.until == (datetime.fromisoformat(until).timestamp() if until else None)
