"""A talk as its operator works it: whatever is done and happens, in whatever order, nobody loses the caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.operator.desk import (
    Act,
    ActImpossible,
    AskIn,
    BackToQueue,
    Complete,
    Desk,
    EndTalk,
    Happening,
    Hold,
    Join,
    LetGo,
    OperatorGone,
    OperatorLost,
    Part,
    PassOn,
    Requeue,
    Resume,
    Ring,
    Target,
    TargetAnswered,
    TargetGone,
    step,
)

BORIS, OUTSIDE = Target("operator", "boris"), Target("outside", "mfc")
ACTS: tuple[Act, ...] = (
    Hold(),
    Resume(),
    AskIn(BORIS),
    AskIn(BORIS, transfer=True),
    AskIn(OUTSIDE, transfer=True),
    AskIn(OUTSIDE, escalation="нужен специалист"),
    Join(),
    Complete(),
    Requeue("federal", "payments"),
    EndTalk(),
)
HAPPENINGS: tuple[Happening, ...] = (
    TargetAnswered(),
    TargetGone("no_answer"),
    TargetGone("ended"),
    OperatorGone(),
    OperatorLost(),
)


def follow(*events: Act | Happening) -> tuple[Desk, list[Any]]:
    desk = Desk("anna")
    done: list[Any] = []
    for event in events:
        desk, effects = step(desk, event)
        done.extend(effects)
    return desk, done


@given(st.lists(st.sampled_from((*ACTS, *HAPPENINGS)), max_size=20))
def test_the_caller_is_never_lost(events: list[Act | Happening]) -> None:
    desk = Desk("anna")
    rings = False
    for event in events:
        try:
            desk, effects = step(desk, event)
        except ActImpossible:
            assert type(event).__name__.lower() not in desk.acts or isinstance(event, AskIn)
            continue
        for effect in effects:
            rings = (rings or isinstance(effect, Ring)) and not isinstance(effect, LetGo | PassOn)
        ends = [effect for effect in effects if isinstance(effect, Part | BackToQueue)]
        assert (desk.phase == "over") == bool(ends) or (desk.phase == "over" and not effects)
        if desk.phase == "over":
            break
        assert desk.operator or desk.target, "nobody is responsible for the caller"
        assert rings == (desk.phase in ("ringing", "consulting", "conference"))
        if desk.caller_room == "talk":
            assert desk.operator or desk.phase == "outside", "the caller would hear nothing"
        assert not isinstance(event, OperatorGone) or desk.operator != "anna" or desk.target is None


@pytest.mark.parametrize(
    ("events", "phase", "operator", "last"),
    [
        ((AskIn(BORIS, transfer=True), TargetAnswered()), "talking", "boris", PassOn(BORIS, warm=False)),
        ((AskIn(BORIS), TargetAnswered(), Complete()), "talking", "boris", PassOn(BORIS, warm=True)),
        ((AskIn(BORIS), TargetAnswered(), OperatorGone()), "talking", "boris", PassOn(BORIS, warm=True)),
        ((AskIn(BORIS), TargetAnswered(), Join(), Complete()), "talking", "boris", PassOn(BORIS, warm=True)),
        ((AskIn(BORIS), OperatorGone(), TargetAnswered()), "talking", "boris", PassOn(BORIS, warm=False)),
        ((AskIn(OUTSIDE, transfer=True), TargetAnswered()), "outside", "", PassOn(OUTSIDE, warm=False)),
        ((AskIn(OUTSIDE, transfer=True), TargetAnswered(), TargetGone("ended")), "over", "", Part()),
        ((AskIn(BORIS, transfer=True), TargetGone("no_answer")), "talking", "anna", LetGo()),
        ((AskIn(BORIS), TargetAnswered(), TargetGone("ended")), "talking", "anna", LetGo()),
        ((AskIn(BORIS), Resume()), "talking", "anna", LetGo()),
        ((Hold(), AskIn(BORIS), TargetAnswered(), Resume()), "talking", "anna", LetGo()),
        ((Requeue("federal", "forms"),), "over", "anna", BackToQueue("federal", "forms", urgent=False)),
        ((Requeue("", "", "сложно"),), "over", "anna", BackToQueue("", "", urgent=True)),
        ((Hold(), EndTalk()), "over", "anna", Part()),
    ],
)
def test_ways_of_a_talk(events: tuple[Act | Happening, ...], phase: str, operator: str, last: object) -> None:
    desk, effects = follow(*events)
    assert (desk.phase, desk.operator, effects[-1]) == (phase, operator, last)


def test_who_leaves_while_it_rings_leaves_the_caller_to_who_is_rung_or_to_the_queue() -> None:
    desk, effects = follow(AskIn(BORIS, transfer=True), EndTalk(), TargetGone("no_answer"))
    assert desk.phase == "over"
    assert effects[-1] == BackToQueue("", "", urgent=True)


@pytest.mark.parametrize(
    ("before", "act"),
    [
        ((), Resume()),
        ((), Complete()),
        ((Hold(),), Hold()),
        ((AskIn(BORIS),), Join()),
        ((AskIn(BORIS), TargetAnswered()), EndTalk()),
        ((), AskIn(Target("operator", "anna"))),
    ],
)
def test_what_does_not_fit_is_refused_in_words(before: tuple[Act | Happening, ...], act: Act) -> None:
    desk, _ = follow(*before)
    with pytest.raises(ActImpossible) as refused:
        step(desk, act)
    assert refused.value.hint


def test_a_late_answer_of_somebody_who_was_let_go_changes_nothing() -> None:
    before, _ = follow(AskIn(BORIS), Resume())
    late: tuple[Callable[[], Happening], ...] = (TargetAnswered, lambda: TargetGone("ended"))
    for event in late:
        assert step(before, event()) == (before, ())


@pytest.mark.parametrize("before", [(), (Hold(),)])
def test_a_lost_page_puts_the_caller_back_into_the_queue_and_ends_no_talk(before: tuple[Act, ...]) -> None:
    desk, effects = follow(*before, OperatorLost())
    assert desk.phase == "over"
    assert effects[-1] == BackToQueue("", "", urgent=True)


def test_a_lost_page_in_a_consultation_leaves_the_caller_to_who_was_asked_in() -> None:
    desk, _ = follow(AskIn(BORIS), TargetAnswered(), OperatorLost())
    assert (desk.phase, desk.operator) == ("talking", "boris")
