"""`collect`: digits, pressed or said."""

from __future__ import annotations

from pathlib import Path

from ivr.call import events as ev
from tests.unit.dialplan.steps.call_on_a_plan import ASK, Call

COLLECT = """  first:
    - collect: question
      into: number
      format: snils
      no_input: {go: bye}
      no_match: {say: again, again: 1, go: bye}
    - go: bye
"""


def press(call: Call, keys: str) -> None:
    for key in keys:
        call.feed(ev.KeyPressed(key))


def test_the_check_sum_of_a_snils_is_checked(tmp_path: Path) -> None:
    call = Call(tmp_path, COLLECT)
    press(call, "11223344594")
    assert call.played() == ["again"]
    press(call, "1122*11223344595")
    assert call.state.variables == {"number": "11223344595"}
    assert call.state.section == "bye"


def test_digits_can_be_said(tmp_path: Path) -> None:
    call = Call(tmp_path, COLLECT)
    said = "сто двенадцать двести тридцать три четыреста сорок пять девяносто пять"
    call.feed(ev.Heard(call.state.listening or "", said))
    assert call.state.variables == {"number": "11223344595"}


def test_a_pause_ends_the_digits(tmp_path: Path) -> None:
    call = Call(tmp_path, COLLECT.replace("format: snils", "format: digits"))
    press(call, "12")
    call.feed(ev.TimerFired("pause"))
    assert call.state.variables == {"number": "12"}


def test_keys_pressed_ahead_answer_the_next_questions(tmp_path: Path) -> None:
    call = Call(tmp_path, "  first:\n    - say: greeting\n    - {say: notice, whole: true}\n" + ASK.partition("\n")[2])
    call.feed(ev.KeyPressed("1"))
    assert call.played() == ["notice"]
    assert call.feed(ev.KeyPressed("2")) == (), "a notice has to be heard"
    call.prompts_end()
    assert call.state.topic == "access"
    assert call.played() == ["goodbye"]
