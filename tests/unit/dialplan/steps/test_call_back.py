"""`queue` with an offer to ring back."""

from __future__ import annotations

from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan.state import Now
from tests.unit.dialplan.steps.call_on_a_plan import NOW, Call

CALLBACK = """  first:
    - queue: people
      callback: {say: offer, key: 1, after_seconds: 60, go: bye, refused: no_callback, answering: answering}
      refused: bye
"""


def offered_callback(tmp_path: Path) -> Call:
    call = Call(tmp_path, CALLBACK)
    call.feed(ev.KeyPressed("1"))
    assert call.effects == ()
    call.feed(ev.Queued("people", 4, 500.0))
    call.feed(ev.TimerFired("callback"))
    assert call.played() == ["offer"]
    assert "callback_offered" in call.notes()
    call.feed(ev.KeyPressed("1"))
    assert fx.RequestCallback("+79001234567") in call.effects
    return call


def test_a_callback_keeps_the_place_in_the_queue(tmp_path: Path) -> None:
    call = offered_callback(tmp_path)
    call.feed(ev.CallbackKept())
    assert "callback_accepted" in call.notes()
    assert not [effect for effect in call.effects if isinstance(effect, fx.LeaveQueue)]
    assert call.played() == ["goodbye"]


def test_a_callback_that_could_not_be_kept_is_not_offered(tmp_path: Path) -> None:
    call = Call(tmp_path, CALLBACK, now=Now(NOW.wall, 0.0))
    call.feed(ev.Queued("people", 4, 500.0))
    assert "callback" not in call.state.timers


def test_when_no_callback_can_be_had_the_caller_goes_on_waiting(tmp_path: Path) -> None:
    for answer, said in (
        (ev.CallbackRefused("queue_away"), "no_callback"),
        (ev.CallbackRefused("answering"), "answering"),
        (ev.TimerFired("callback"), "no_callback"),
    ):
        call = offered_callback(tmp_path)
        call.feed(answer)
        assert "callback_refused" in call.notes()
        assert call.played() == [said]
        assert call.state.queue == "people"
        assert call.state.timers == ()
        call.feed(ev.KeyPressed("1"))
        assert call.effects == ()
        call.prompts_end()
        assert fx.StartMusic() in call.effects


def test_a_refused_callback_says_nothing_into_a_talk(tmp_path: Path) -> None:
    call = offered_callback(tmp_path)
    call.feed(ev.Connected("anna"))
    call.feed(ev.CallbackRefused("answering"))
    assert call.played() == []
