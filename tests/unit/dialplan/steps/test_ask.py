"""`ask`: keys, words, and asking back."""

from __future__ import annotations

from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.check_draft import Known
from ivr.dialplan.source import read_plans
from ivr.dialplan.state import dumped, loaded
from tests.unit.dialplan.steps.call_on_a_plan import ASK, BYE, HEAD, NOW, TOPICS, Call


def test_a_word_silences_the_prompt_and_the_wait_for_silence_ends(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    listening = call.state.listening
    assert listening is not None
    effects = call.feed(ev.SpeechStarted(listening))
    assert isinstance(effects[0], fx.StopPlaying)
    assert call.state.timers == ("speaking",)
    assert call.feed(ev.PromptFinished("p0")) == ()


def test_a_key_silences_the_prompt_before_anything_else(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    playback = call.state.playing
    assert call.feed(ev.KeyPressed("9"))[0] == fx.StopPlaying(playback or "")


def test_an_unfinished_sentence_that_is_clear_is_acted_on_as_surely_as_it_was_heard(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    listening = call.state.listening or ""
    call.feed(ev.SpeechStarted(listening))
    clear = ev.PartlyHeard(listening, "не могу войти в личный кабинет", pausing=True)
    assert call.feed(clear) == (fx.FinishListening(listening),)
    assert call.feed(clear) == ()
    before = call.state

    call.feed(ev.Heard(listening, clear.text, (ev.HeardWord("войти", 0.0, 1.0, 0.9),)))
    assert call.state.topic == "access"
    assert "heard" in call.notes()

    call.state = before
    call.feed(ev.Heard(listening, clear.text, (ev.HeardWord("войти", 0.0, 1.0, 0.1),)))
    assert call.state.topic == "none"
    assert "no_match" in call.notes()


def test_without_recognition_the_question_goes_on_in_keys(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    call.feed(ev.SpeechLost(call.state.listening or "", "busy"))
    assert call.played() == ["question_keys"]
    call.prompts_end()
    call.feed(ev.TimerFired("no_input"))
    assert call.played() == ["louder"]
    assert not [effect for effect in call.effects if isinstance(effect, fx.Listen)]
    call.feed(ev.KeyPressed("1"))
    assert call.state.topic == "access"


def test_a_cough_into_the_prompt_is_no_answer(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    call.feed(ev.Heard(call.state.listening or "", ""))
    assert call.notes() == []
    assert call.state.playing is not None
    assert [effect for effect in call.effects if isinstance(effect, fx.Listen)]
    call.prompts_end()
    call.feed(ev.Heard(call.state.listening or "", ""))
    assert "no_match" in call.notes()


def test_what_was_said_is_sealed(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    call.feed(ev.Heard(call.state.listening or "", "меня зовут Пётр Петров", alternatives=("пётр",)))
    for effect in call.effects:
        if isinstance(effect, fx.Note):
            assert "етр" not in str(effect.data)
    sealed = [effect.personal for effect in call.effects if isinstance(effect, fx.Note) and effect.kind == "heard"]
    assert sealed == [{"text": "меня зовут Пётр Петров", "alternatives": "пётр"}]


CONFIRM = """  first:
    - ask: question
      choices:
        - {key: 1, topic: access, go: bye}
        - {key: 2, topic: payments, go: bye}
      confirm: {below: 1.0, before: is_it, after: yes_or_no}
      no_input: {go: bye}
      no_match: {go: bye}
"""


def test_when_two_topics_are_likely_the_caller_is_asked_which(tmp_path: Path) -> None:
    call = Call(tmp_path, CONFIRM)
    call.feed(ev.Heard(call.state.listening or "", "не могу войти чтобы оплатить штраф"))
    first, *others = call.state.doing.offered if call.state.doing and call.state.doing.verb == "ask" else ("",)
    assert {first, *others} == {"access", "payments"}
    assert call.played() == ["is_it", f"topic_{first}", "yes_or_no"]
    call.feed(ev.Heard(call.state.listening or "", "нет"))
    assert call.played() == ["is_it", f"topic_{others[0]}", "yes_or_no"]
    call.feed(ev.KeyPressed("1"))
    assert call.state.topic == others[0]


def test_what_is_not_ours_is_told_apart_at_once_and_when_asked_back(tmp_path: Path) -> None:
    said = "банк заблокировал карту"
    call = Call(tmp_path, CONFIRM.replace("topic: payments", "topic: out_of_scope"))
    call.feed(ev.Heard(call.state.listening or "", said))
    assert call.played()[1] == "topic_out_of_scope"
    assert call.state.matter == ""
    call.feed(ev.KeyPressed("1"))
    assert (call.state.topic, call.state.matter) == ("out_of_scope", "money")
    assert loaded(dumped(call.state)) == call.state

    call = Call(tmp_path, CONFIRM.replace("topic: payments", "topic: out_of_scope").replace("1.0", "0.01"))
    call.feed(ev.Heard(call.state.listening or "", said))
    assert (call.state.topic, call.state.matter) == ("out_of_scope", "money")


def test_what_was_badly_heard_is_asked_back_and_what_was_well_heard_is_not(tmp_path: Path) -> None:
    for confidence, played in ((0.95, []), (0.4, ["is_it", "topic_access", "yes_or_no"])):
        call = Call(
            tmp_path, CONFIRM.replace("1.0", "0.5").replace("go: bye", "go: end", 1) + "  end:\n    - hang_up\n"
        )
        words = tuple(ev.HeardWord(word, 0.0, 0.1, confidence) for word in ("забыла", "пароль"))
        call.feed(ev.Heard(call.state.listening or "", "забыла пароль", words))
        assert call.played() == played


def test_when_none_of_the_likely_topics_is_meant_the_caller_is_not_understood(tmp_path: Path) -> None:
    call = Call(tmp_path, CONFIRM)
    call.feed(ev.Heard(call.state.listening or "", "не могу войти чтобы оплатить штраф"))
    call.feed(ev.KeyPressed("2"))
    call.feed(ev.KeyPressed("2"))
    assert "no_match" in call.notes()
    assert call.state.topic == "none"


def test_in_a_language_without_recognition_the_question_begins_with_keys(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text((HEAD + ASK + BYE).replace("[ru]", "[tt]"), encoding="utf-8")
    (plan,), _ = read_plans([file], TOPICS, Known())
    _, effects = interpret.step(plan, interpret.begin(plan, "100", "", NOW), ev.Arrived("100", ""), NOW)
    assert [effect.prompts for effect in effects if isinstance(effect, fx.Play)] == [("question_keys",)]
    assert not [effect for effect in effects if isinstance(effect, fx.Listen)]
