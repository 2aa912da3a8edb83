"""One call's life on the scripted Asterisk: whatever happens, it ends in a defined way and leaves nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from ivr.call.effects import (
    Answer,
    Effect,
    HangUp,
    LookUp,
    RequestCallback,
    SetTimer,
)
from ivr.call.events import (
    Arrived,
    CallbackRefused,
    Event,
    Heard,
    KeyPressed,
    LookedUp,
    LookUpFailed,
    PromptFinished,
    Queued,
    TalkEnded,
)
from ivr.errors import AsteriskRefused
from ivr.line.fake import FakeAsterisk, Telephone
from tests.unit.call.world import (
    CALL,
    ScriptedOffer,
    ShortPlan,
    World,
    live,
    nothing_left,
)


def test_a_good_call_from_ring_to_goodbye() -> None:
    def script(world: World) -> None:
        world.at(3.0, lambda: world.hear("не могу войти"))
        world.at(20.0, lambda: world.asterisk.hang_up_caller(f"{CALL}-leg1"))

    world, outcome = live(script)
    assert outcome == "talked"
    assert world.journal.kinds == ["arrived", "answered", "offered", "connected", "talk_ended", "ended"]
    assert dict(world.journal.records)["talk_ended"]["ended_by"] == "operator"
    assert dict(world.journal.records)["ended"]["queue_wait_seconds"] == pytest.approx(5.0, abs=0.1)
    assert world.queue.said == ["accepted anna", "talk_ended"]
    assert nothing_left(world)


@pytest.mark.parametrize("after_seconds", [0.0, 0.005, 0.5, 2.5, 4.0, 5.5, 7.9, 9.0])
def test_the_caller_may_hang_up_at_any_moment(after_seconds: float) -> None:
    def script(world: World) -> None:
        world.at(3.0, lambda: world.hear("не могу войти"))
        world.at(after_seconds, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script)
    assert outcome == ("talked" if after_seconds > 8.0 else "left")
    assert world.journal.kinds[-1] == "ended"
    assert nothing_left(world)
    if 3.0 < after_seconds < 8.0:
        assert world.queue.said == ["leave caller_left"]


@pytest.mark.parametrize("who", ["caller-1", f"{CALL}-leg1"])
def test_an_operator_is_free_with_the_telephone_free_and_before_the_bridge_is_cleared_away(who: str) -> None:
    seen: list[tuple[bool, bool]] = []

    def script(world: World) -> None:
        asterisk = world.asterisk
        world.at(1.0, lambda: asterisk.press("caller-1", "1"))
        world.at(20.0, lambda: asterisk.hang_up_caller(who))
        world.queue.when_talk_ends = lambda: seen.append((f"{CALL}-leg1" in asterisk.channels, bool(asterisk.bridges)))

    world, _ = live(script)
    assert seen == [(False, True)]
    assert nothing_left(world)


def test_an_operator_who_does_not_answer_costs_only_the_ring_time() -> None:
    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(60.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    telephones = {"silent": Telephone(None), "busy": Telephone(None, 0.5), "anna": Telephone(1.0)}
    world, outcome = live(script, telephones, ("silent", "busy", "absent", "anna"))
    assert outcome == "talked"
    assert world.queue.said[:4] == [
        "declined silent no_answer",
        "declined busy declined",
        "declined absent unreachable",
        "accepted anna",
    ]
    assert [facts for kind, facts in world.journal.records if kind == "operator_paused"] == [
        {"operator": "silent", "reason": "no_answer"}
    ]
    assert [facts for kind, facts in world.journal.records if kind == "operator_gone"] == [
        {"operator": "absent", "reason": "unreachable"}
    ]
    assert nothing_left(world)


def test_a_withdrawn_offer_stops_ringing_at_once() -> None:
    def script(world: World) -> None:
        assert world.session
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        session = world.session
        world.at(4.0, lambda: session.withdraw(ScriptedOffer()))
        world.at(6.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script, {"anna": Telephone(None)})
    assert outcome == "left"
    assert dict(world.journal.records)["offer_ended"]["reason"] == "withdrawn"
    assert nothing_left(world)


def test_a_full_queue_is_told_to_the_plan() -> None:
    world, outcome = live(lambda world: world.at(1.0, lambda: world.hear("оператор")), refuses=True)
    assert outcome == "ended"
    assert world.queue.said == []
    assert nothing_left(world)


def test_a_defect_in_the_plan_hands_the_caller_to_asterisk() -> None:
    world, outcome = live(lambda world: world.at(1.0, lambda: world.hear("войти")), plan=ShortPlan(breaks_on=Heard))
    assert outcome == "failed"
    assert ("POST", "channels/caller-1/continue?context=fallback&extension=s&priority=1") in world.asterisk.requests
    assert dict(world.journal.records)["ended"]["handed_over"] is True
    assert nothing_left(world)


def test_a_lost_event_socket_loses_no_event() -> None:
    def script(world: World) -> None:
        def lose() -> None:
            world.asterisk.drop_socket()
            world.asterisk.hang_up_caller("caller-1")

        world.at(1.0, lose)

    world, outcome = live(script)
    assert outcome == "left"
    assert nothing_left(world)


def test_a_prompt_that_ended_while_the_socket_was_lost_is_made_up_for() -> None:
    def script(world: World) -> None:
        world.at(3.99, world.asterisk.drop_socket)
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script)
    assert PromptFinished("greeting") in world.plan.seen


def test_an_operator_who_is_gone_before_the_first_word_costs_no_place() -> None:
    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(30.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    class Hasty(FakeAsterisk):
        """The telephone is hung up just as the two are about to be joined."""

        async def request(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
            if path.endswith("-talk"):
                self.hang_up_caller(f"{CALL}-leg1")
            return await super().request(method, path, body, **query)

    world, outcome = live(script, asterisk=Hasty({"anna": Telephone(1.0)}))
    assert outcome == "left"
    assert dict(world.journal.records)["offer_ended"]["reason"] == "unreachable"
    assert [event.ended_by for event in world.plan.seen if isinstance(event, TalkEnded)] == ["failed"]
    assert "talk_ended" in world.queue.said
    assert nothing_left(world)


@dataclass
class AskingPlan(ShortPlan):
    """Asks two services, then hangs up."""

    def step(self, event: Event) -> tuple[Effect, ...]:
        self.seen.append(event)
        match event:
            case Arrived():
                return (
                    Answer(),
                    RequestCallback("+7999"),
                    LookUp("a", "status", {"number": "17"}),
                    LookUp("b", "broken"),
                )
            case LookUpFailed():
                self.finished = True
                return (HangUp(),)
        return ()


def test_services_answer_or_fail_and_the_plan_is_told() -> None:
    world, outcome = live(lambda _: None, plan=AskingPlan())
    assert outcome == "ended"
    assert LookedUp("a", {"status": "status 17 of +79990000000"}) in world.plan.seen
    assert LookUpFailed("b", "StoreUnavailable") in world.plan.seen
    assert CallbackRefused("not_rung") in world.plan.seen
    assert nothing_left(world)


def test_an_offer_that_overtakes_the_queues_answer_is_journalled_after_it() -> None:
    def script(world: World) -> None:
        world.queue.hasty = True
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, outcome = live(script)
    assert outcome == "talked"
    seen = [type(event).__name__ for event in world.plan.seen]
    assert seen.index("Queued") < seen.index("Offered")
    (queued,) = (event for event in world.plan.seen if isinstance(event, Queued))
    assert queued.waited_seconds == 0.05, "the queue's answer took so long: the caller waited meanwhile"


def test_the_queue_learns_who_knows_the_caller_and_keeps_the_place_of_one_who_is_cut_off() -> None:
    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(2.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script, operators=())
    assert world.queue.told == [("boris", "hash"), ("left", "hash")]


def test_before_an_announcement_the_plan_learns_where_the_caller_stands() -> None:
    class Announcing(ShortPlan):
        def step(self, event: Event) -> tuple[Effect, ...]:
            if isinstance(event, Queued) and not any(isinstance(seen, Queued) for seen in self.seen):
                self.seen.append(event)
                return (SetTimer("announcement", 5.0),)
            return super().step(event)

    def script(world: World) -> None:
        world.at(1.0, lambda: world.asterisk.press("caller-1", "1"))
        world.at(9.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    world, _ = live(script, operators=(), plan=Announcing())
    positions = [event.position for event in world.plan.seen if isinstance(event, Queued)]
    assert positions == [1, 2]


def test_a_caller_who_leaves_just_before_a_prompt_is_no_fault_of_ours() -> None:
    class Leaving(FakeAsterisk):
        """The caller hangs up as the prompt is asked for: the channel exists, but is no longer ours."""

        async def request(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
            if path.endswith("/play"):
                asyncio.get_running_loop().call_later(0.1, self.hang_up_caller, "caller-1")
                raise AsteriskRefused(f"{method} {path}", 409, "Channel not in Stasis application")
            return await super().request(method, path, body, **query)

    world, outcome = live(lambda _: None, asterisk=Leaving())
    assert outcome == "left"
    assert nothing_left(world)


def test_keys_that_pour_in_are_lost_rather_than_kept() -> None:
    plan = ShortPlan()

    def script(world: World) -> None:
        def press_a_lot() -> None:
            for _ in range(1000):
                world.asterisk.press("caller-1", "1")

        world.at(1.0, press_a_lot)
        world.at(30.0, lambda: world.asterisk.hang_up_caller("caller-1"))

    live(script, plan=plan)
    assert 1 < sum(isinstance(event, KeyPressed) for event in plan.seen) <= 65
