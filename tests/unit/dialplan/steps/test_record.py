"""`record`: with the caller's consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan.turn import Turn
from tests.unit.dialplan.steps.call_on_a_plan import NOW, Call

RECORDED = """  first:
    - consent: notice
      version: 3
      without: number
    - record
    - go: number
  number:
    - collect: which_number
      into: number
      least: 3
      most: 3
      no_input: {again: 0, go: bye}
      no_match: {again: 1, go: bye}
    - say: thanks
    - go: bye
"""
RECORDING = (fx.StartRecording, fx.PauseRecording, fx.ResumeRecording)


def recording(effects: Sequence[fx.Effect]) -> list[fx.Effect]:
    return [effect for effect in effects if isinstance(effect, RECORDING)]


def test_who_says_yes_is_recorded_but_not_while_digits_are_said(tmp_path: Path) -> None:
    call = Call(tmp_path, RECORDED)
    effects = call.feed(ev.KeyPressed("*"))
    assert fx.Note("consent", "one/first/1", {"given": True, "version": "3"}) in effects
    assert recording(effects) == [fx.StartRecording(), fx.PauseRecording()]
    asked = next(index for index, effect in enumerate(effects) if isinstance(effect, fx.Play))
    assert effects.index(fx.PauseRecording()) < asked
    for key in "12#":  # too short: asked once more
        assert recording(call.feed(ev.KeyPressed(key))) == []
    assert [recording(call.feed(ev.KeyPressed(key))) for key in "123"] == [[], [], [fx.ResumeRecording()]]


def test_who_says_nothing_or_presses_something_else_is_not_recorded(tmp_path: Path) -> None:
    silent, hasty = Call(tmp_path, RECORDED), Call(tmp_path, RECORDED)
    silent.prompts_end()
    refused = fx.Note("consent", "one/first/1", {"given": False, "version": "3"})
    assert refused in silent.feed(ev.TimerFired(silent.state.timers[0]))
    hasty.feed(ev.KeyPressed("7"))
    assert hasty.state.playing, "the notice has to be heard"
    assert refused in hasty.prompts_end()
    for call in (silent, hasty):
        assert (call.state.section, call.state.recording, recording(call.effects)) == ("number", "", [])


def test_the_step_itself_records_nobody_without_consent(tmp_path: Path) -> None:
    call = Call(tmp_path, RECORDED)
    call.state = replace(call.state, index=0, section="first", consented=False)
    step = call.plan.sections["first"][1]
    turn = Turn(call.plan, call.state, NOW)
    step.enter(turn)
    assert recording(turn.effects) == []
