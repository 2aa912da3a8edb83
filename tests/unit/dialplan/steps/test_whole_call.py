"""What holds in every step of a call, whichever verb it is in."""

from __future__ import annotations

from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.state import Now
from tests.unit.dialplan.steps.call_on_a_plan import ASK, NOW, Call


def test_nobody_stays_in_menus_for_ever(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    effects = call.feed(ev.TimerFired(interpret.LONGEST_CALL))
    assert [type(effect) for effect in effects] == [fx.StopPlaying, fx.StopListening, fx.HangUp]
    assert call.state.finished
    assert call.feed(ev.KeyPressed("1")) == ()


def test_notices_are_said_when_there_are_any(tmp_path: Path) -> None:
    plan = "  first:\n    - notices\n    - go: bye\n"
    assert Call(tmp_path, plan).played() == ["goodbye"]
    assert Call(tmp_path, plan, now=Now(NOW.wall, 0.0, notices=("outage",))).played() == ["outage"]


def test_values_are_read_out(tmp_path: Path) -> None:
    say = "[{time: time}, {date: date}, {digits: line}, {number: weekday, unit: day}, {date: topic}, {time: topic}]"
    call = Call(tmp_path, f"  first:\n    - say: {say}\n    - go: bye\n")
    assert call.played() == [
        *("number_12", "hour_many", "number_20", "day_3", "month_11"),
        *("number_1", "number_0", "number_0", "number_1", "day_nominative"),
    ]


COUNTING = """  first:
    - ask: question
      choices:
        - {key: 1, go: bye}
      no_input: {again: 0, go: count}
      no_match: {again: 0, go: count}
  count:
    - set: {tries: tries + 1}
    - decide:
        - {if: tries > 2, go: bye}
    - go: first
"""


def test_a_circle_that_counts_its_rounds_is_no_mistake_and_ends(tmp_path: Path) -> None:
    call = Call(tmp_path, COUNTING.replace("tries", "priority"))
    rounds = 0
    while call.state.section == "first":
        call.prompts_end()
        call.feed(ev.TimerFired("no_input"))
        rounds += 1
    assert rounds == 3
