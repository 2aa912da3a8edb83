"""What verbs do at the edges, where a test of a plan does not look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.check import Known
from ivr.dialplan.model import Plan
from ivr.dialplan.source import read_plans
from ivr.dialplan.state import Now, State, dumped, loaded
from ivr.dialplan.turn import Turn
from ivr.speech.topics import TopicModel, load_topics

ROOT = Path(__file__).parents[3]
TOPICS = load_topics(ROOT / "dialplans" / "topics.yaml")
NOW = Now(datetime(2026, 11, 23, 9, tzinfo=UTC), 0.0, rings_back=True)
HEAD = "plan: one\nlanguages: [ru]\nvariables: {number: text}\nstart: first\nsections:\n"
BYE = "  bye:\n    - hang_up: goodbye\n"


class Call:
    """A call on a plan that is written in the test."""

    def __init__(self, tmp_path: Path, sections: str, topics: TopicModel = TOPICS, now: Now = NOW) -> None:
        file = tmp_path / "one.yaml"
        file.write_text(HEAD + sections + BYE, encoding="utf-8")
        plans, findings = read_plans([file], topics, Known())
        assert [str(finding) for finding in findings if finding.severity == "error"] == []
        self.plan: Plan = plans[0]
        self.now = now
        self.state: State = interpret.begin(self.plan, "100", "+79001234567", now)
        self.feed(ev.Arrived("100", "+79001234567"))

    def feed(self, event: ev.Event) -> Sequence[fx.Effect]:
        self.state, self.effects = interpret.step(self.plan, self.state, event, self.now)
        return self.effects

    def prompts_end(self) -> Sequence[fx.Effect]:
        assert self.state.playing is not None
        return self.feed(ev.PromptFinished(self.state.playing))

    def notes(self) -> list[str]:
        return [effect.kind for effect in self.effects if isinstance(effect, fx.Note)]

    def played(self) -> list[str]:
        return [prompt for effect in self.effects if isinstance(effect, fx.Play) for prompt in effect.prompts]


ASK = """  first:
    - ask: question
      choices:
        - {key: 1, topic: access, go: bye}
        - {key: 2, words: [да], go: bye}
      by_keys: question_keys
      no_input: {say: louder, again: 1, go: bye}
      no_match: {say: clearer, again: 1, go: bye}
"""


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


def test_an_unfinished_sentence_that_is_clear_is_acted_on(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    listening = call.state.listening or ""
    call.feed(ev.SpeechStarted(listening))
    call.feed(ev.PartlyHeard(listening, "не могу войти в личный кабинет"))
    assert call.state.topic == "access"
    assert "heard" in call.notes()


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


def test_nobody_stays_in_menus_for_ever(tmp_path: Path) -> None:
    call = Call(tmp_path, ASK)
    effects = call.feed(ev.TimerFired(interpret.LONGEST_CALL))
    assert [type(effect) for effect in effects] == [fx.StopPlaying, fx.StopListening, fx.HangUp]
    assert call.state.finished
    assert call.feed(ev.KeyPressed("1")) == ()


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


def test_notices_are_said_when_there_are_any(tmp_path: Path) -> None:
    plan = "  first:\n    - notices\n    - go: bye\n"
    assert Call(tmp_path, plan).played() == ["goodbye"]
    assert Call(tmp_path, plan, now=Now(NOW.wall, 0.0, notices=("outage",))).played() == ["outage"]


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


def test_in_a_language_without_recognition_the_question_begins_with_keys(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text((HEAD + ASK + BYE).replace("[ru]", "[tt]"), encoding="utf-8")
    (plan,), _ = read_plans([file], TOPICS, Known())
    _, effects = interpret.step(plan, interpret.begin(plan, "100", "", NOW), ev.Arrived("100", ""), NOW)
    assert [effect.prompts for effect in effects if isinstance(effect, fx.Play)] == [("question_keys",)]
    assert not [effect for effect in effects if isinstance(effect, fx.Listen)]


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


def test_an_operator_whom_the_plan_names_is_wanted_first(tmp_path: Path) -> None:
    call = Call(tmp_path, "  first:\n    - {queue: people, operator: anna, refused: bye}\n")
    assert fx.EnterQueue("people", "none", "ru", preferred="anna") in call.effects


def test_what_a_service_gives_is_put_into_variables_of_its_type(tmp_path: Path) -> None:
    call = Call(tmp_path, LOOK_UP)
    found = {"status": "done"}
    call.feed(ev.LookedUp("q1", found))
    assert call.state.variables["number"] == "done"


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
