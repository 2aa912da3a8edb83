"""What `ivr why` says of a call: why this operator, why this wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.routing.reason import Candidate, Reason, from_json, in_words, to_json
from ivr.routing.why import why

ANNA, BORIS = Candidate("anna", 1, 1.0, 40.0), Candidate("boris", 2, 1.0, 90.0)
PLAIN = Reason("in_time", 2.0, 0, 1, 1, (ANNA,), free=1, signed_in=3)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (PLAIN, "next in turn after 2.0 s, within the target"),
        (replace(PLAIN, rule="late", waited_seconds=44), "next in turn after 44.0 s: the target is missed"),
        (replace(PLAIN, rule="starving", waited_seconds=130), "has waited 130 s, too long to be passed by anybody"),
        (replace(PLAIN, rule="urgent", priority=2), "urgent (priority 2), so ahead of its place"),
        (replace(PLAIN, rule="preferred"), "anna knows the case, and is free after 2.0 s"),
        (replace(PLAIN, rule="second_ring"), "rings at a second operator as well"),
        (replace(PLAIN, rule="pulled", by="olga"), "olga gave the call to anna by hand"),
        (replace(PLAIN, waited_seconds=41), "nobody to be asked was free before"),
        (
            replace(PLAIN, level=2, open_levels=2, opens_after_seconds=3, candidates=(BORIS,)),
            "search widened to level 2: operators of level 2 are asked after 3 s",
        ),
        (
            replace(PLAIN, level=4, open_levels=4, opens_after_seconds=20, candidates=(BORIS,)),
            "operators of other queues are asked after 20 s",
        ),
        (replace(PLAIN, passed_by=3), "3 later calls went first that could still be answered within the target"),
        (replace(PLAIN, awaited="vera"), "vera, who knows the case, was waited for in vain"),
        (replace(PLAIN, not_again=("vera", "boris")), "vera and boris did not take it just before"),
        (replace(PLAIN, candidates=(ANNA, BORIS)), "boris has level 2"),
        (replace(PLAIN, candidates=(ANNA, replace(BORIS, level=1, scarcity=2.0))), "boris is kept for rarer skills"),
        (
            replace(PLAIN, candidates=(ANNA, replace(BORIS, level=1, idle_seconds=5))),
            "boris has been idle for less long (5 s)",
        ),
    ],
)
def test_a_reason_says_why_now_why_not_sooner_and_why_this_one(reason: Reason, said: str) -> None:
    assert said in in_words(reason)
    assert from_json(to_json(reason)) == reason


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
        "Entered queue people at place 2, about 20 s expected.",
        "2.0 s: rang at anna. Why: next in turn.",
        "12.0 s: anna did not answer; the call went back to its place.",
        "12.5 s: rang at boris. Why: next in turn.",
        (
            "15.0 s: boris talks to the caller. Waited 15.0 s: 2.5 s until somebody was to be asked,"
            " 10.0 s of ringing in vain at anna, 2.5 s until boris had picked up."
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
    assert last.endswith("Waited 22.0 s: 16.0 s until somebody was to be asked, 6.0 s until boris had picked up.")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "40.0 s: the call ended without an operator: nobody who could take it had been free."),
        ([(38.0, "offered", {"operator": "anna"})], "the call ended without an operator: it was still ringing."),
        (
            [
                (20.0, "offered", {"operator": "anna"}),
                (30.0, "offer_ended", {"operator": "anna", "reason": "declined"}),
            ],
            "the call ended without an operator: anna did not take it.",
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
        "The queue did not take the call: nobody who could take it is signed in.",
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
        "60.0 s: anna passed the call on to queue people.",
        "Entered queue people at place 1, urgent (priority 1).",
    )
    assert "Waited 2.0 s" in story[-1]


def test_a_call_back_tells_of_its_tries() -> None:
    story = why(
        [
            (0.0, "promised", {"queue": "people", "of": "first"}),
            (50.0, "offered", {"operator": "anna"}),
            (53.0, "caller_rung", {"operator": "anna", "try": 1}),
            (78.0, "caller_missed", {"reason": "no_answer", "left": 2}),
        ]
    )
    assert story[0] == "Waits in queue people to be called back, for call first."
    assert story[2:] == (
        "53.0 s: anna is on the line, the caller is rung (try 1).",
        "78.0 s: the caller did not answer; 2 tries remain.",
    )
