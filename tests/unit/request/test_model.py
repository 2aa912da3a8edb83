"""A request's deadlines and statuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.hours import Hours
from ivr.request import model
from ivr.request.model import Request, StatusImpossible

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = Hours.model_validate({"weekdays": "08:00-20:00", "saturday": "09:00-18:00", "time_zone": "Europe/Moscow"})
NEVER = Hours()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def request(**fields: object) -> Request:
    opened = model.opened("100007", "c", at("2026-11-23T12:00"), OFFICE, line="1", person="p", earlier="")
    return model.from_mapping({**model.to_mapping(opened), **fields})


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-23T12:00", "2026-11-23T16:00"),  # a Monday, within the day
        ("2026-11-23T18:30", "2026-11-24T10:30"),  # the rest on the next morning
        ("2026-11-23T05:00", "2026-11-23T12:00"),  # before opening
        ("2026-11-23T16:00", "2026-11-23T20:00"),  # to the minute
        ("2026-11-28T16:00", "2026-11-30T10:00"),  # Saturday afternoon, over the closed Sunday
        ("2026-11-29T12:00", "2026-11-30T12:00"),  # on Sunday
    ],
)
def test_an_ordinary_request_is_due_in_four_working_hours(opened: str, due: str) -> None:
    assert model.answer_due("ordinary", at(opened), OFFICE) == at(due)


def test_urgent_and_complex_ones_are_due_by_the_clock() -> None:
    assert model.answer_due("urgent", at("2026-11-29T23:50"), OFFICE) == at("2026-11-30T00:20")
    assert model.answer_due("complex", at("2026-11-29T12:00"), OFFICE) == at("2026-11-30T12:00")


def test_a_place_that_never_opens_does_not_hang_or_excuse() -> None:
    assert model.answer_due("ordinary", at("2026-11-23T12:00"), NEVER) == at("2026-11-23T16:00")


@given(st.integers(1_767_225_600, 1_893_456_000), st.integers(1, 100))
def test_working_time_is_never_less_than_the_clocks(seconds: int, hours: int) -> None:
    begin, span = datetime.fromtimestamp(seconds, UTC), timedelta(hours=hours)
    due = model.after_working(begin, span, OFFICE)

    assert due >= begin + span
    assert OFFICE.open_at(due - timedelta(microseconds=1))


def test_the_way_of_a_request() -> None:
    opened = request()
    assert dict(opened.deadlines) == {
        "assignment": at("2026-11-23T12:05").timestamp(),
        "answer": at("2026-11-23T16:00").timestamp(),
    }
    urgent = model.classified(opened, "urgent", "security", at("2026-11-23T12:00"), OFFICE)
    assert (urgent.priority, urgent.answer_due) == (1, at("2026-11-23T12:30").timestamp())
    talking = model.assigned(urgent, "anna")
    assert (talking.status, talking.operator, talking.assignment_due) == ("in_progress", "anna", None)
    after = model.talk_over(talking, at("2026-11-23T12:10").timestamp())
    assert after.result_due == at("2026-11-23T12:25").timestamp()
    done = model.with_result(after, resolved=True)
    assert (done.status, dict(done.deadlines)) == ("done", {})
    open_still = model.with_result(after, resolved=False)
    assert (open_still.status, open_still.result_due) == ("in_progress", None)
    assert open_still.answer_due is not None


def test_overdue_is_told_once_and_raises_the_priority() -> None:
    late, passed = model.overdue(request(), at("2026-11-23T12:05").timestamp())
    assert (passed, late.priority) == (("assignment",), 1)
    same, again = model.overdue(late, at("2026-11-23T12:06").timestamp())
    assert (same, again) == (late, ())
    later, passed = model.overdue(late, at("2026-11-23T16:00").timestamp())
    assert (passed, later.priority, later.late) == (("answer",), 2, ("assignment", "answer"))


def test_statuses_follow_each_other_or_say_why_not() -> None:
    with pytest.raises(StatusImpossible) as refused:
        model.with_status(request(status="done"), "accepted")
    assert str(refused.value).endswith("from 'Завершено' to 'Принято' → allowed: В обработке")
    assert model.with_status(request(status="done"), "in_progress").status == "in_progress"


def test_a_request_survives_json() -> None:
    late, _ = model.overdue(request(), at("2027-01-01T00:00").timestamp())

    assert model.from_mapping(json.loads(json.dumps(model.to_mapping(late)))) == late
