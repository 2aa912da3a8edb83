"""`queue`: waiting, refused, talking."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.state import Now, dumped, loaded
from tests.unit.dialplan.steps.call_on_a_plan import NOW, Call

QUEUE = """  first:
    - queue: people
      announce:
        say: [wait, {ordinal: position}, {number: expected_minutes, unit: minute, case: genitive}]
        every_seconds: 30
      longest_wait: {seconds: 100, go: bye}
      refused: bye
      then: bye
"""


def test_a_waiting_caller_is_told_the_latest_position(tmp_path: Path) -> None:
    call = Call(tmp_path, QUEUE)
    call.feed(ev.Queued("people", 4, 500.0))
    call.feed(ev.Queued("people", 2, 61.0))
    call.feed(ev.TimerFired("announcement"))
    assert call.played() == ["wait", "ordinal_2", "number_2_feminine_genitive", "minute_many"]
    assert "announced" in call.notes()
    assert [effect for effect in call.prompts_end() if isinstance(effect, fx.StartMusic)]


def test_how_long_it_will_be_at_most_is_told_when_it_is_known(tmp_path: Path) -> None:
    expected = "        expected: [notice, {number: at_most_minutes, unit: minute, case: genitive}]\n"
    for at_most, heard in ((None, []), (0.0, []), (130.0, ["notice", "number_3_genitive", "minute_many"])):
        call = Call(tmp_path, QUEUE.replace("        every_seconds", expected + "        every_seconds"))
        call.feed(ev.Queued("people", 2, 61.0, at_most))
        call.feed(ev.TimerFired("announcement"))
        assert call.played()[4:] == heard


def test_a_queue_that_does_not_answer_counts_as_refusing(tmp_path: Path) -> None:
    call = Call(tmp_path, QUEUE)
    effects = call.feed(ev.TimerFired("admission"))
    assert fx.LeaveQueue("no_answer") in effects
    assert "queue_refused" in call.notes()


@pytest.mark.parametrize("reason", ["full", "closed", "nobody"])
def test_each_refusal_has_a_way_of_its_own_or_the_common_one(tmp_path: Path, reason: ev.QueueRefusal) -> None:
    own = "  own:\n    - hang_up: notice\n"
    for more, heard in ((f"      {reason}: own\n", "notice"), ("", "goodbye")):
        call = Call(tmp_path, QUEUE + more + own if more else QUEUE)
        call.feed(ev.QueueRefused("people", reason))
        assert call.played() == [heard]


def test_a_talk_that_our_side_broke_goes_back_to_the_queue_twice(tmp_path: Path) -> None:
    call = Call(tmp_path, QUEUE)
    for _ in range(3):
        assert call.state.section == "first"
        for event in (ev.Queued("people", 1), ev.Connected("anna"), ev.TalkEnded("anna", "failed")):
            call.feed(event)
    assert call.state.section == "bye"


def test_in_a_talk_nothing_is_timed(tmp_path: Path) -> None:
    call = Call(tmp_path, QUEUE)
    call.feed(ev.Queued("people", 1))
    call.feed(ev.Connected("anna"))
    assert call.state.timers == ()
    assert fx.CancelTimer(interpret.LONGEST_CALL) in call.effects


def test_a_call_that_ends_in_the_queue_leaves_it(tmp_path: Path) -> None:
    call = Call(tmp_path, QUEUE)
    call.feed(ev.Queued("people", 1))
    effects = call.feed(ev.TimerFired(interpret.LONGEST_CALL))
    assert fx.LeaveQueue("moved_on") in effects
    assert fx.StopMusic() in effects
    assert {effect.timer for effect in effects if isinstance(effect, fx.CancelTimer)} == {
        "announcement",
        "longest_wait",
    }


def test_a_call_can_be_taken_over_from_its_json(tmp_path: Path) -> None:
    call = Call(tmp_path, QUEUE)
    call.feed(ev.Queued("people", 1, 5.0))
    assert loaded(dumped(call.state)) == call.state


def test_a_full_queue_can_be_told_before_it_is_entered(tmp_path: Path) -> None:
    plan = """  first:
    - decide:
        - {if: waiting.people > 5 and caller_known, go: busy}
    - queue: people
      refused: bye
  busy:
    - hang_up: busy
"""
    assert Call(tmp_path, plan).state.queue == "people"
    assert Call(tmp_path, plan, now=Now(NOW.wall, 0.0, waiting={"people": 6})).played() == ["busy"]


def test_an_operator_whom_the_plan_names_is_wanted_first(tmp_path: Path) -> None:
    call = Call(tmp_path, "  first:\n    - {queue: people, operator: anna, refused: bye}\n")
    assert fx.EnterQueue("people", "none", "ru", preferred="anna") in call.effects
