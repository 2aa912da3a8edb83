"""`transfer`: to a number that the plan names."""

from __future__ import annotations

from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from tests.unit.dialplan.steps.call_on_a_plan import Call

TRANSFER = """  first:
    - transfer: duty_officer
      ring_seconds: 20
      failed: busy
      then: bye
  busy:
    - say: offer
    - go: bye
"""


def test_a_transfer_rings_talks_and_goes_on(tmp_path: Path) -> None:
    call = Call(tmp_path, TRANSFER)
    assert fx.Transfer("t1", "duty_officer", 20.0) in call.effects
    assert call.feed(ev.TransferEnded("t9")) == ()
    assert fx.StopMusic() in call.feed(ev.Transferred("t1"))
    call.feed(ev.TransferEnded("t1"))
    assert call.played() == ["goodbye"]


def test_a_transfer_that_nobody_takes_has_its_own_way(tmp_path: Path) -> None:
    for event in (ev.TransferEnded("t1", "no_answer"), ev.TimerFired("transfer")):
        call = Call(tmp_path, TRANSFER)
        effects = call.feed(event)
        assert call.played() == ["offer"]
        assert (fx.EndTransfer("t1") in effects) == isinstance(event, ev.TimerFired)
