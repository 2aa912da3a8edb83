"""`look_up`: what a service knows."""

from __future__ import annotations

from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from tests.unit.dialplan.steps.call_on_a_plan import Call

LOOK_UP = """  first:
    - look_up: request_status
      with: {number: number}
      into: {status: number}
      not_found: bye
      failed: broken
    - go: found
  found:
    - hang_up: found
  broken:
    - hang_up: broken
"""


def test_a_service_answers_or_knows_nothing_or_fails(tmp_path: Path) -> None:
    for answer, said in (
        (ev.LookedUp("q1", {"status": "done"}), "found"),
        (ev.LookedUp("q1", {}), "goodbye"),
        (ev.LookUpFailed("q1", "gone"), "broken"),
        (ev.TimerFired("look_up"), "broken"),
    ):
        call = Call(tmp_path, LOOK_UP)
        assert fx.LookUp("q1", "request_status", {"number": ""}) in call.effects
        call.feed(answer)
        assert call.played() == [said]
        assert call.feed(ev.LookedUp("q1", {"status": "late"})) == ()


def test_what_a_service_gives_is_put_into_variables_of_its_type(tmp_path: Path) -> None:
    call = Call(tmp_path, LOOK_UP)
    found = {"status": "done"}
    call.feed(ev.LookedUp("q1", found))
    assert call.state.variables["number"] == "done"
