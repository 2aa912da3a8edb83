"""Callers passed on to outside telephones, on the scripted Asterisk: only what the admin has named is dialled."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ivr.call.effects import Answer, Effect, EndTransfer, HangUp, StartMusic, Transfer
from ivr.call.events import Arrived, CallerHungUp, Event, KeyPressed, TransferEnded, Transferred
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.line.outside import Outside
from tests.unit.call.world import ShortPlan, World, live, nothing_left

OUTSIDE = Outside(True, {"duty_officer": "8 (843) 000-00-01"})
ENDPOINT = "+78430000001@trunk"


@dataclass
class Passing(ShortPlan):
    """Passes the caller on at once; key 1 takes it back."""

    to: str = "duty_officer"

    def step(self, event: Event) -> tuple[Effect, ...]:
        self.seen.append(event)
        match event:
            case Arrived():
                return Answer(), StartMusic(), Transfer("t1", self.to, 20.0)
            case KeyPressed():
                return (EndTransfer("t1"),)
            case TransferEnded():
                self.finished = True
                return (HangUp(),)
            case CallerHungUp():
                self.finished = True
        return ()


def passed(telephone: Telephone | None, hang_up: str = "", at: float = 10.0, to: str = "duty_officer") -> World:
    def script(world: World) -> None:
        if hang_up == "key":
            world.at(at, lambda: world.asterisk.press("caller-1", "1"))
            world.at(at + 5, lambda: world.asterisk.hang_up_caller("caller-1"))
        elif hang_up:
            world.at(at, lambda: world.asterisk.hang_up_caller(hang_up))

    asterisk = FakeAsterisk({ENDPOINT: telephone} if telephone else {})
    world, _ = live(script, asterisk=asterisk, plan=Passing(to=to), outside=OUTSIDE.endpoint)
    assert nothing_left(world)
    return world


def ended(world: World) -> object:
    return dict(world.journal.records)["transfer_ended"]["reason"]


def test_caller_and_outside_telephone_talk_until_that_one_hangs_up() -> None:
    world = passed(Telephone(3.0), "testcall0001-leg0")
    assert [event for event in world.plan.seen if isinstance(event, Transferred | TransferEnded)] == [
        Transferred("t1"),
        TransferEnded("t1"),
    ]
    kinds = ["arrived", "transfer_rung", "transfer_connected", "transfer_ended", "ended"]
    assert world.journal.kinds == kinds
    assert ended(world) == "ended"


@pytest.mark.parametrize("at", [1.0, 10.0])
def test_the_caller_may_leave_while_it_rings_or_talks(at: float) -> None:
    world = passed(Telephone(3.0), "caller-1", at)
    assert ended(world) == "caller"


@pytest.mark.parametrize(
    ("telephone", "reason"),
    [(Telephone(None), "no_answer"), (Telephone(None, 1.0), "declined"), (None, "unreachable")],
)
def test_who_does_not_answer_is_told_to_the_plan(telephone: Telephone | None, reason: str) -> None:
    world = passed(telephone)
    assert TransferEnded("t1", reason) in world.plan.seen


def test_what_the_admin_did_not_name_is_not_dialled() -> None:
    for to in ("stranger", "+79000000000"):
        world = passed(Telephone(1.0), to=to)
        assert TransferEnded("t1", "unreachable") in world.plan.seen
        assert ("POST", "channels") not in world.asterisk.requests


def test_the_plan_may_take_the_caller_back() -> None:
    world = passed(Telephone(None), "key", 5.0)
    assert ended(world) == "caller"
