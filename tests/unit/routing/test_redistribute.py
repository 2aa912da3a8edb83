"""Lending operators to a topic that is in trouble, and sending them home."""

from __future__ import annotations

from dataclasses import replace

from ivr.call.events import CallId
from ivr.queue.model import Change, QueuedCall, QueuedOperator
from ivr.routing.policy import Policy
from ivr.routing.redistribute import Assignment, redistribute
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView

NOW = 1_700_000_000.0
TALK_SECONDS = 200.0
FLOOR = [
    Profile("anna", {"forms": 1}),
    Profile("boris", {"technical": 1, "forms": 2}),
    Profile("vera", {"status": 1}),
]
TALKING = tuple(QueuedOperator(profile.name, "talking", NOW, NOW) for profile in FLOOR)


def waiting(topic: str, count: int) -> tuple[QueuedCall, ...]:
    return tuple(
        QueuedCall(CallId(f"{topic}{n}"), "people", topic, "ru", (), 0, "federal", "one", NOW, NOW, NOW, "")
        for n in range(count)
    )


def view(*calls: QueuedCall) -> QueueView:
    made = QueueView(FLOOR)
    made.apply(Change("test", calls=calls, operators=TALKING))
    return made


def moves(seen: QueueView) -> tuple[Assignment, ...]:
    return redistribute(seen, Policy(), TALK_SECONDS)


def test_a_backlog_brings_those_who_know_the_topic_too() -> None:
    assert moves(view(*waiting("forms", 9))) == (Assignment("boris", "forms"),)


def test_nobody_moves_without_need() -> None:
    assert moves(view()) == ()


def test_nobody_is_taken_from_a_line_in_trouble() -> None:
    assert moves(view(*waiting("forms", 9), *waiting("technical", 9))) == ()


def test_who_is_paused_or_spoken_for_stays() -> None:
    for state in (
        replace(TALKING[1], state="paused"),
        replace(TALKING[1], assigned="technical", assigned_by="olga"),
        replace(TALKING[1], assigned="", assigned_by="olga"),
    ):
        seen = view(*waiting("forms", 9))
        seen.apply(Change("test", operators=(state,)))
        assert moves(seen) == ()


def test_lent_operators_go_home_when_nothing_waits_there_and_not_before() -> None:
    lent = Change("assign", operators=(replace(TALKING[1], assigned="forms"),))
    seen = view(*waiting("forms", 1))
    seen.apply(lent)
    assert moves(seen) == ()
    seen.apply(Change("leave", gone=(CallId("forms0"),)))
    assert moves(seen) == (Assignment("boris", ""),)
