"""What `ivr why` says of a call: why this operator, why this wait."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ivr.queue.reason import Candidate, Reason, from_json, to_json
from ivr.queue.reason_words import in_words, told
from ivr.routing.why import why

ANNA, BORIS = Candidate("anna", 1, 1.0, 40.0), Candidate("boris", 2, 1.0, 90.0)
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
PLAIN = Reason("in_time", 2.0, 0, 1, 1, (ANNA,), free=1, signed_in=3)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            PLAIN,
            "подошла очередь через 2 с ожидания, к сроку можно успеть; anna: уровень 1; могут взять 3, из них свободны",
        ),
        (replace(PLAIN, rule="late", waited_seconds=44), "подошла очередь через 44 с ожидания, к сроку уже не успеть"),
        (
            replace(PLAIN, rule="starving", waited_seconds=130),
            "ждёт уже 2 мин 10 с: больше никого нельзя пропускать вперёд",
        ),
        (replace(PLAIN, rule="urgent", priority=2), "срочный звонок (срочность 2), поэтому раньше своего места"),
        (replace(PLAIN, rule="preferred"), "прошлый разговор вёл оператор anna, поэтому ему, через 2 с ожидания"),
        (replace(PLAIN, rule="second_ring"), "времени мало, поэтому звонит и у второго оператора"),
        (replace(PLAIN, rule="pulled", by="olga"), "olga отдаёт звонок вручную: anna"),
        (replace(PLAIN, waited_seconds=41), "раньше никого, кого можно спросить, свободного не было"),
        (
            replace(PLAIN, level=2, open_levels=2, opens_after_seconds=3, candidates=(BORIS,)),
            "поиск расширен до уровня 2: операторов уровня 2 спрашивают через 3 с ожидания",
        ),
        (
            replace(PLAIN, level=4, open_levels=4, opens_after_seconds=20, candidates=(BORIS,)),
            "операторов других очередей спрашивают через 20 с ожидания",
        ),
        (
            replace(PLAIN, waited_seconds=41, passed_by=3),
            "операторы освобождались, но сначала взяли звонки, которые ещё можно было принять в срок: 3; anna",
        ),
        (replace(PLAIN, awaited="vera"), "напрасно ждали, что освободится vera: прошлый разговор был там"),
        (
            replace(PLAIN, not_again=("vera", "boris")),
            "пока не предлагается тем, кто только что не взял звонок или передал его: vera, boris",
        ),
        (replace(PLAIN, lent_by="rule"), "anna: уровень 1, временно на этой теме из-за её очереди;"),
        (replace(PLAIN, lent_by="olga"), "anna: уровень 1, временно на этой теме по слову olga;"),
        (
            replace(PLAIN, waited_seconds=95.5, kept_seconds=90),
            "место сохранено с прерванного звонка: 1 мин 30 с из этого времени прошли ещё тогда; anna",
        ),
        (
            replace(PLAIN, waited_seconds=900, held_back_seconds=890),
            "до того 14 мин 50 с перезванивать было рано; anna",
        ),
        (replace(PLAIN, candidates=(ANNA, BORIS)), "boris: уровень 2"),
        (
            replace(PLAIN, candidates=(ANNA, replace(BORIS, level=1, scarcity=2.0))),
            "boris: нужнее для более редких навыков",
        ),
        (
            replace(PLAIN, candidates=(ANNA, replace(BORIS, level=1, idle_seconds=5))),
            "boris: свободное время короче (5 с)",
        ),
    ],
)
def test_a_reason_says_why_now_why_not_sooner_and_why_this_one(reason: Reason, said: str) -> None:
    assert said in in_words(reason)
    assert from_json(to_json(reason)) == reason
    in_english = in_words(reason, "en")
    assert not CYRILLIC.search(in_english)
    assert set(re.findall(r"\d+", in_english)) == set(re.findall(r"\d+", in_words(reason))), "the same facts"


def test_a_kept_reason_is_told_in_either_language() -> None:
    assert told(to_json(PLAIN), "ru") == in_words(PLAIN)
    assert "in time for the target; anna: level 1; 3 can take it, of whom free: 1" in told(to_json(PLAIN), "en")


def test_the_words_of_an_older_journal_are_told_as_they_stand() -> None:
    assert told("подошла очередь", "en") == "подошла очередь"
    assert told('{"rule": "of a later version"}', "en") == '{"rule": "of a later version"}'


def test_a_wait_is_accounted_for() -> None:
    assert why(
        [
            (100.0, "arrived", {}),
            (110.0, "queued", {"queue": "people", "position": 2, "expected_wait_seconds": 20.0}),
            (112.0, "offered", {"operator": "anna", "reason": "next in turn"}),
            (122.0, "offer_ended", {"operator": "anna", "reason": "no_answer"}),
            (122.5, "offered", {"operator": "boris", "reason": "next in turn"}),
            (125.0, "connected", {"operator": "boris"}),
        ]
    ) == (
        "Очередь people: место 2, обещано около 20 с.",
        "2 с: звонит у anna. Почему: next in turn.",
        "12 с: anna: нет ответа; звонок на прежнем месте.",
        "12,5 с: звонит у boris. Почему: next in turn.",
        (
            "15 с: говорит boris. Ожидание 15 с: 2,5 с до оператора, которого можно спросить,"
            " 10 с впустую у anna, 2,5 с до ответа boris."
        ),
    )


def test_two_who_ring_at_once_are_counted_once() -> None:
    *_, last = why(
        [
            (0.0, "queued", {"queue": "people", "position": 1}),
            (16.0, "offered", {"operator": "anna"}),
            (16.0, "offered", {"operator": "boris"}),
            (22.0, "connected", {"operator": "boris"}),
        ]
    )
    assert last.endswith("Ожидание 22 с: 16 с до оператора, которого можно спросить, 6 с до ответа boris.")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "40 с: звонок окончен без оператора: до него очередь не дошла."),
        ([(38.0, "offered", {"operator": "anna"})], "звонок окончен без оператора: телефон ещё звонил."),
        (
            [
                (20.0, "offered", {"operator": "anna"}),
                (30.0, "offer_ended", {"operator": "anna", "reason": "declined"}),
            ],
            "звонок окончен без оператора: никто не взял (anna).",
        ),
    ],
)
def test_why_nobody_talked_to_the_caller(records: list[tuple[float, str, dict[str, str]]], said: str) -> None:
    story = why(
        [(0.0, "queued", {"queue": "people", "position": 9}), *records, (40.0, "left", {}), (40.1, "ended", {})]
    )
    assert said in story[-1]


def test_a_refusal_says_what_the_matter_is() -> None:
    assert why([(0.0, "queue_refused", {"queue": "people", "reason": "nobody"}), (9.0, "ended", {})]) == (
        "Очередь не приняла звонок: нет на месте никого, кто мог бы ответить.",
    )


def test_a_call_that_was_passed_back_waits_anew() -> None:
    story = why(
        [
            (0.0, "queued", {"queue": "people", "position": 1}),
            (1.0, "offered", {"operator": "anna"}),
            (3.0, "connected", {"operator": "anna"}),
            (60.0, "transferred", {"operator": "anna", "to": "queue", "target": "people"}),
            (61.0, "queued", {"queue": "people", "position": 1, "priority": 1}),
            (62.0, "offered", {"operator": "boris"}),
            (63.0, "connected", {"operator": "boris"}),
        ]
    )
    assert story[3:5] == (
        "1 мин: anna передаёт звонок в очередь people.",
        "Очередь people: место 1, срочный (срочность 1).",
    )
    assert "Ожидание 2 с" in story[-1]


def test_a_call_back_tells_of_its_tries() -> None:
    story = why(
        [
            (0.0, "promised", {"queue": "people", "of": "first"}),
            (50.0, "offered", {"operator": "anna"}),
            (53.0, "caller_rung", {"operator": "anna", "try": 1}),
            (78.0, "caller_missed", {"reason": "no_answer", "left": 2}),
            (78.1, "offer_ended", {"operator": "anna", "reason": "withdrawn"}),
            (200.0, "offered", {"operator": "boris"}),
            (202.0, "caller_rung", {"operator": "boris", "try": 2}),
            (207.0, "connected", {"operator": "boris", "waited_seconds": 207.0}),
        ]
    )
    assert story[0] == "Очередь people: ждёт обратного звонка вместо звонка first."
    assert story[2:4] == (
        "53 с: anna на линии, набираем звонящего (попытка 1).",
        "1 мин 18 с: звонящий: нет ответа; осталось попыток: 2.",
    )
    assert story[-1] == (
        "3 мин 27 с: говорит boris. Ожидание 3 мин 27 с: 2 мин 52 с до оператора, которого можно спросить,"
        " 28 с впустую у звонящего, 2 с до ответа boris, 5 с до ответа звонящего."
    )


def test_a_caller_who_never_answers_is_told_of() -> None:
    *_, last = why(
        [
            (0.0, "promised", {"queue": "people", "of": "first"}),
            (50.0, "offered", {"operator": "anna"}),
            (53.0, "caller_rung", {"operator": "anna", "try": 3}),
            (78.0, "caller_missed", {"reason": "no_answer", "left": 0}),
            (78.1, "offer_ended", {"operator": "anna", "reason": "withdrawn"}),
            (78.1, "ended", {"outcome": "ended"}),
        ]
    )
    assert last == "1 мин 18 с: звонок окончен без оператора: звонящий так и не ответил."


def test_who_is_to_be_rung_back_waits_in_another_call() -> None:
    story = why(
        [
            (0.0, "queued", {"queue": "people", "position": 1}),
            (60.0, "callback_accepted", {"queue": "people", "call_back": "second"}),
            (64.0, "ended", {"outcome": "callback"}),
        ]
    )
    assert story[1:] == ("1 мин: звонящий просит перезвонить; его место занял звонок second.",)


def test_what_a_person_did_is_told() -> None:
    story = why(
        [
            (0.0, "queued", {"queue": "people", "position": 4}),
            (5.0, "overruled", {"act": "prioritise", "by": "olga", "priority": 2}),
            (9.0, "overruled", {"act": "move", "by": "olga", "queue": "people", "to_topic": "forms"}),
        ]
    )
    assert story[1:] == (
        "5 с: olga меняет срочность: 2.",
        "9 с: olga перекладывает звонок: очередь people, тема forms.",
    )


def test_english_pages_have_english_words() -> None:
    reason = to_json(replace(PLAIN, rule="late", waited_seconds=44, awaited="vera"))
    records: list[tuple[float, str, dict[str, str | float]]] = [
        (0.0, "queue_refused", {"queue": "people", "reason": "full"}),
        (0.0, "promised", {"queue": "people", "of": "first"}),
        (1.0, "queued", {"queue": "people", "position": 2, "expected_wait_seconds": 20.0, "priority": 1}),
        (2.0, "announced", {"position": 1, "expected_wait_seconds": 10.0}),
        (2.0, "overruled", {"act": "prioritise", "by": "olga", "priority": 2}),
        (2.0, "overruled", {"act": "move", "by": "olga", "queue": "people", "to_topic": "forms"}),
        (3.0, "offered", {"operator": "anna", "reason": reason}),
        (4.5, "offer_ended", {"operator": "anna", "reason": "no_answer"}),
        (5.0, "offered", {"operator": "boris", "reason": reason}),
        (6.0, "caller_rung", {"operator": "boris", "try": 1}),
        (6.0, "caller_missed", {"reason": "no_answer", "left": 2}),
        (6.0, "offered", {"operator": "boris", "reason": reason}),
        (7.0, "connected", {"operator": "boris"}),
        (60.0, "transferred", {"operator": "boris", "to": "outside", "target": "tax"}),
        (61.0, "queued", {"queue": "people", "position": 1}),
        (62.0, "unqueued", {"reason": "longest_wait"}),
        (63.0, "left", {}),
        (63.0, "callback_accepted", {"call_back": "second"}),
    ]
    story = why(records, "en")
    assert not CYRILLIC.search(" ".join(story))
    assert len(story) == len(why(records)) == len(records)
    assert (
        "6 s: talks to boris. The wait of 6 s: 2.5 s until an operator could be asked,"
        " 2.5 s in vain at anna, the caller's, 1 s until boris answered."
    ) in story
