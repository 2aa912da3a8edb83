"""Which call goes to which operator, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call.events import CallId
from ivr.hours import Hours
from ivr.queue.model import Change, QueuedCall, QueuedOperator
from ivr.queue.reason import from_json, to_json
from ivr.queue.reason_words import in_words
from ivr.routing.match import Decision, match
from ivr.routing.policy import Policy
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView

NOW = 1_700_000_000.0  # Tuesday, 22:13 UTC
POLICY = Policy()


def call(name: str, topic: str = "forms", waited: float = 0, **other: object) -> QueuedCall:
    place = NOW - waited
    priority = int(str(other.get("priority", 0)))
    row = QueuedCall(
        call=CallId(name),
        queue="people",
        topic=topic,
        language="ru",
        skills=(),
        priority=priority,
        line="federal",
        controller="one",
        entered_at=place,
        place=place,
        rank=place - priority * POLICY.urgency_seconds,
        waiting_key="",
    )
    return replace(row, **other)  # type: ignore[arg-type]


def free(name: str, idle: float = 10, **other: object) -> QueuedOperator:
    return replace(QueuedOperator(name, "ready", NOW - idle, NOW - idle), **other)  # type: ignore[arg-type]


def view(profiles: list[Profile], *rows: QueuedCall | QueuedOperator) -> QueueView:
    made = QueueView(profiles)
    made.apply(
        Change(
            "test",
            calls=tuple(row for row in rows if isinstance(row, QueuedCall)),
            operators=tuple(row for row in rows if isinstance(row, QueuedOperator)),
        )
    )
    return made


def pairs(seen: QueueView, now: float = NOW) -> list[tuple[str, str]]:
    return [(decision.call, decision.operator) for decision in match(seen, POLICY, now).decisions]


def only(seen: QueueView, now: float = NOW) -> Decision:
    (decision,) = match(seen, POLICY, now).decisions
    return decision


FORMS = Profile("anna", {"forms": 1})


def test_the_longest_waiting_goes_first_and_nobody_gets_two() -> None:
    seen = view([FORMS], call("b", waited=5), call("a", waited=8), free("anna"))
    assert pairs(seen) == [("a", "anna")]
    assert pairs(seen) == []


def test_who_knows_best_goes_before_who_has_been_idle_longest() -> None:
    profiles = [FORMS, Profile("boris", {"forms": 2}), Profile("vera", {"forms": 1})]
    seen = view(profiles, call("a"), free("anna", idle=5), free("boris", idle=90), free("vera", idle=20))
    assert only(seen).operator == "vera"


def test_rare_skills_are_kept_for_those_who_need_them() -> None:
    profiles = [Profile("anna", {"forms": 1, "signature": 1}), Profile("boris", {"forms": 1})]
    seen = view(profiles, call("a"), free("anna", idle=90), free("boris", idle=1))
    decision = only(seen)
    assert decision.operator == "boris"
    assert "anna: нужнее для более редких навыков" in in_words(decision.reason)


def test_the_search_widens_when_its_time_has_come_and_says_when() -> None:
    seen = view([Profile("boris", {"forms": 2})], call("a"), free("boris"))
    matches = match(seen, POLICY, NOW)
    assert (matches.decisions, matches.next_change_at) == ((), NOW + POLICY.opens_after(2))
    assert "расширен до уровня 2" in in_words(only(seen, NOW + POLICY.opens_after(2)).reason)


def test_a_place_that_was_kept_is_no_wait_of_this_call() -> None:
    kept = replace(call("a", waited=90), entered_at=NOW)
    reason = only(view([FORMS], kept, free("anna", idle=5))).reason
    assert (reason.waited_seconds, reason.kept_seconds) == (90, 90)
    assert "свободного не было" not in in_words(reason)


def test_who_is_lent_to_the_topic_is_named_so() -> None:
    lent = replace(free("boris"), assigned="forms")
    assert only(view([Profile("boris", {"forms": 2})], call("a"), lent)).reason.lent_by == "rule"
    assert (
        only(view([Profile("boris", {"forms": 2})], call("a"), replace(lent, assigned_by="olga"))).reason.lent_by
        == "olga"
    )


def test_operators_of_other_queues_are_asked_last() -> None:
    seen = view([Profile("boris", {"forms": 1}, queues=frozenset({"tatarstan"}))], call("a"), free("boris"))
    assert match(seen, POLICY, NOW).next_change_at == NOW + POLICY.opens_after(4)


@pytest.mark.parametrize("profile", [Profile("anna", {"access": 1}), Profile("anna", {"forms": 1}, frozenset({"tt"}))])
def test_skill_and_language_are_needed(profile: Profile) -> None:
    seen = view([profile], call("a", waited=600), free("anna"))
    assert match(seen, POLICY, NOW).decisions == ()
    assert seen.line(next(iter(seen.crowded))).signed_in == 0


def test_urgent_calls_go_to_the_head() -> None:
    seen = view([FORMS], call("a", waited=20), call("b", priority=1), free("anna"))
    decision = only(seen)
    assert (decision.call, decision.reason.rule) == ("b", "urgent")


def test_who_can_still_be_answered_in_time_goes_before_who_no_longer_can() -> None:
    seen = view([FORMS], call("a", waited=40), call("b", waited=20), free("anna"))
    assert only(seen).call == "b"


def test_who_let_a_starving_call_wait_owes_it_the_next_turn() -> None:
    starving = call("a", waited=POLICY.starvation_seconds)
    seen = view([FORMS], starving, call("b"), call("c"), free("anna"))
    assert only(seen).call == "b"
    seen.apply(Change("end_talk", operators=(free("anna"),)))
    decision = only(seen)
    assert (decision.call, decision.reason.rule, decision.reason.passed_by) == ("a", "starving", 1)


def test_a_repeat_caller_waits_for_the_operator_who_knows_the_case_but_not_long() -> None:
    profiles = [FORMS, Profile("boris", {"forms": 1})]
    kept = call("a", preferred="boris")
    talking = QueuedOperator("boris", "talking", NOW, NOW)
    seen = view(profiles, kept, free("anna"), talking)
    assert match(seen, POLICY, NOW).next_change_at == NOW + POLICY.preferred_seconds
    in_vain = only(seen, NOW + POLICY.preferred_seconds)
    assert (in_vain.operator, in_vain.reason.awaited) == ("anna", "boris")
    seen = view(profiles, kept, free("anna"), talking)
    seen.apply(Change("end_talk", operators=(free("boris"),)))
    assert only(seen).reason.rule == "preferred"
    seen = view(profiles, kept, free("anna"), replace(talking, state="gone", intent="gone"))
    assert only(seen).operator == "anna"


def test_who_did_not_take_a_call_is_not_offered_it_again_at_once() -> None:
    seen = view([FORMS], call("a", declined={"anna": NOW + 20}), call("b"), free("anna"))
    assert pairs(seen) == [("b", "anna")]
    seen = view([FORMS], call("a", declined={"anna": NOW + 20}), free("anna"))
    assert match(seen, POLICY, NOW).next_change_at == NOW + 20
    assert only(seen, NOW + 20).call == "a"


def test_a_call_that_was_missed_rings_at_two_if_one_is_to_spare() -> None:
    profiles = [FORMS, Profile("boris", {"forms": 1}), Profile("vera", {"forms": 1})]
    missed = call("a", waited=10, declined={"anna": NOW + 20})
    assert len(pairs(view(profiles, missed, free("boris"), free("vera")))) == 2
    # vera is not to spare while somebody else waits
    assert pairs(view(profiles, missed, call("b"), free("boris"), free("vera"))) in (
        [("a", "boris"), ("b", "vera")],
        [("a", "vera"), ("b", "boris")],
    )


def test_ring_time_comes_from_what_is_left_of_the_target() -> None:
    rings = [only(view([FORMS], call("a", waited=waited), free("anna"))).ring_seconds for waited in (0, 10, 14, 20)]
    assert rings == [12.0, 8.0, 6.4, 6.0]


def test_operators_work_in_their_own_hours() -> None:
    moscow = Hours(weekdays=((480, 1200),), time_zone="Europe/Moscow")  # 01:13 there
    kamchatka = Hours(weekdays=((480, 1200),), time_zone="Asia/Kamchatka")  # 10:13 there
    profiles = [replace(FORMS, hours=moscow), Profile("boris", {"forms": 1}, hours=kamchatka)]
    seen = view(profiles, call("a"), call("b"), free("anna"), free("boris"))
    matches = match(seen, POLICY, NOW)
    assert [decision.operator for decision in matches.decisions] == ["boris"]
    assert matches.next_change_at is not None
    assert pairs(seen, matches.next_change_at)[0][1] == "anna"


def test_a_callback_sleeps_until_it_may_be_tried_and_keeps_its_place() -> None:
    seen = view([FORMS], call("a", waited=20, callback="sealed", not_before=NOW + 60), call("b"), free("anna"))
    assert pairs(seen) == [("b", "anna")]
    seen.apply(Change("end_talk", operators=(free("anna"),)))
    assert match(seen, POLICY, NOW).next_change_at == NOW + 60
    assert pairs(seen, NOW + 60) == [("a", "anna")]


def test_an_assigned_operator_serves_the_topic_as_the_first_skill() -> None:
    lent = Profile("boris", {"technical": 1, "forms": 2})
    assert pairs(view([lent], call("a"), free("boris", assigned="forms"))) == [("a", "boris")]


def test_a_refused_offer_puts_both_back() -> None:
    seen = view([FORMS], call("a"), free("anna"))
    decision = only(seen)
    seen.restore(decision.call, decision.operator)
    assert pairs(seen) == [("a", "anna")]


def test_a_reason_survives_being_kept() -> None:
    reason = only(
        view([FORMS, Profile("boris", {"forms": 2})], call("a", waited=5), free("anna"), free("boris"))
    ).reason
    assert from_json(to_json(reason)) == reason
    assert "boris: уровень 2" in in_words(reason)


def test_a_short_line_does_not_go_before_one_whose_calls_wait_longer() -> None:
    able = {"forms": 1, "technical": 1}
    others = [Profile(f"other{number}", able) for number in range(4)]
    talking = [QueuedOperator(other.name, "talking", NOW, NOW) for other in others]
    long = [call(f"t{number}", "technical", waited=200 - number) for number in range(4)]
    seen = view([Profile("anna", able), *others], call("f", waited=130), *long, *talking, free("anna"))
    assert only(seen).call == "t0"


def test_while_few_are_late_who_starves_is_not_passed() -> None:
    others = [Profile(f"other{number}", {"forms": 1}) for number in range(4)]
    talking = [QueuedOperator(other.name, "talking", NOW, NOW) for other in others]
    seen = view([FORMS, *others], call("a", waited=POLICY.starvation_seconds), call("b"), *talking, free("anna"))
    assert (only(seen).call, POLICY.turns_owed(POLICY.starvation_seconds)) == ("a", 1)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_nobody_starves_whatever_the_topic(data: st.DataObject) -> None:
    """However calls come in, a starving one is served after those ahead of it, each with a fixed number of others."""
    topics = st.sampled_from(["forms", "technical", "status"])
    ahead = data.draw(st.integers(0, 5))
    policy = replace(POLICY, turns_owed_at_most=data.draw(st.integers(1, 3)))
    starving = [
        call(f"a{n}", data.draw(topics), waited=policy.starvation_seconds + 10 - n, priority=0)
        for n in range(ahead + 1)
    ]
    able = [{"forms": 1, "technical": 2, "status": 3}, {"status": 1, "forms": 1, "technical": 1}]
    seen = view([Profile(name, skills) for name, skills in zip(("anna", "boris"), able, strict=True)], *starving)
    turns = 0
    while starving[-1].call in seen.calls:
        turns += 1
        newcomers = data.draw(st.lists(st.tuples(topics, st.integers(0, 1)), max_size=3))
        arrived = [call(f"n{turns}-{n}", topic, priority=urgent) for n, (topic, urgent) in enumerate(newcomers)]
        seen.apply(Change("enter", calls=tuple(arrived)))
        seen.apply(Change("ready", operators=(free(data.draw(st.sampled_from(["anna", "boris"]))),)))
        (decision,) = match(seen, policy, NOW).decisions
        seen.apply(Change("accept", gone=(decision.call,)))
    assert turns <= 2 * (ahead + 1) + 2  # each operator may pass once for each turn owed, and once at the start
