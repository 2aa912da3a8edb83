"""Hold, transfers, consultation and supervisors on the scripted Asterisk: who is in which room, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from ivr.call.events import BackToQueue, Connected
from ivr.call.listening_in import Mode
from ivr.call.remains import sort_out
from ivr.journal.fold import CallState, contradictions, fold
from ivr.journal.record import Record, Value
from ivr.line.channels import IncomingCall
from ivr.line.fake import Telephone
from ivr.operator.desk import Act, ActImpossible, AskIn, Complete, EndTalk, Hold, Join, Requeue, Resume, Target
from tests.unit.call.world import CALL, World, live, nothing_left

BORIS, MFC = Target("operator", "boris"), Target("outside", "mfc")
TALK, HOLD, CALLER, ANNA, SECOND = f"{CALL}-talk", f"{CALL}-hold", "caller-1", f"{CALL}-leg1", f"{CALL}-leg2"


class Scene:
    """A call that anna answers at 8 s; then what the test says, at the seconds it says."""

    def __init__(self, telephones: Mapping[str, Telephone] | None = None, busy: tuple[str, ...] = ()) -> None:
        self.rooms: dict[float, dict[str, set[str]]] = {}
        self.refused: list[str] = []
        self._telephones = {"anna": Telephone(3.0), **(telephones or {"boris": Telephone(1.0)})}
        self._busy = busy
        self._plan: list[tuple[float, Callable[[World], object]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def at(self, seconds: float, does: Act | Callable[[World], object]) -> Scene:
        act = does
        self._plan.append((seconds, act if callable(act) else lambda world: self._act(world, act)))
        return self

    def look(self, seconds: float) -> Scene:
        def see(world: World) -> None:
            self.rooms[seconds] = {name: set(members) for name, members in world.asterisk.bridges.items()}

        return self.at(seconds, see)

    def play(self) -> World:
        def script(world: World) -> None:
            world.queue.busy.update(self._busy)
            world.at(1.0, lambda: world.asterisk.press(CALLER, "1"))
            for seconds, does in self._plan:
                world.at(seconds, lambda does=does: does(world))  # type: ignore[misc]  # bound now

        world, outcome = live(script, self._telephones)
        assert outcome == "talked"
        assert nothing_left(world)
        assert contradictions(records(world), over=True) == ()
        return world

    def _act(self, world: World, act: Act) -> None:
        async def carry_out() -> None:
            if not (world.session and world.session.talk):
                return  # the caller has left meanwhile
            try:
                await world.session.talk.act(act)
            except ActImpossible as impossible:
                self.refused.append(impossible.what)

        self._tasks.append(asyncio.create_task(carry_out()))


def records(world: World) -> list[Record]:
    """The journal, with what the plan of the session tests does not write: that the call waits."""
    told: list[tuple[str, dict[str, Any]]] = []
    for kind, data in world.journal.records:
        again = kind == "offered" and not any(was == "queued" for was, _ in told)
        told += [("queued", {"queue": "main"}), (kind, data)] if again else [(kind, data)]
    return [
        Record(CALL, number, kind, "", float(number), float(number), cast("Mapping[str, Value]", data))
        for number, (kind, data) in enumerate(told, 1)
    ]


def state_before(world: World, kind: str) -> CallState:
    told = records(world)
    return fold(told[: [record.kind for record in told].index(kind)])


def listening(mode: Mode) -> Callable[[World], object]:
    def begin(world: World) -> None:
        assert world.session
        world.session.listen_in("olga", "chief", mode)

    return begin


def hang_up(channel: str) -> Callable[[World], object]:
    return lambda world: world.asterisk.hang_up_caller(channel)


def test_on_hold_the_caller_hears_music_and_then_the_operator_again() -> None:
    scene = Scene().at(10.0, Hold()).look(12.0).at(14.0, Resume()).look(15.0).at(20.0, hang_up(CALLER))
    world = scene.play()
    assert scene.rooms[12.0] == {TALK: {ANNA}, HOLD: {CALLER}}
    assert scene.rooms[15.0][TALK] == {CALLER, ANNA}
    assert dict(world.journal.records)["resumed"]["held_seconds"] == pytest.approx(4.0, abs=0.1)
    assert state_before(world, "resumed").held
    assert not state_before(world, "talk_ended").held


def test_a_blind_transfer_gives_the_caller_to_who_answers() -> None:
    scene = Scene().at(10.0, AskIn(BORIS, transfer=True)).look(10.5).look(12.0).at(20.0, hang_up(SECOND))
    world = scene.play()
    assert scene.rooms[10.5] == {TALK: {ANNA}, HOLD: {CALLER}}
    assert scene.rooms[12.0] == {TALK: {CALLER, SECOND}, HOLD: set()}
    assert world.journal.kinds[3:] == [
        *("connected", "asked_in", "talk_ended", "transferred", "connected", "talk_ended", "ended")
    ]
    assert world.queue.said == ["accepted anna", "asked in boris", "asked in boris answered", "passed on", "talk_ended"]
    assert [event.operator for event in world.plan.seen if isinstance(event, Connected)] == ["anna", "boris"]
    assert dict(world.journal.records)["ended"]["talk_seconds"] == pytest.approx(14.0, abs=0.5)


@pytest.mark.parametrize(
    ("telephone", "busy", "reason"),
    [
        (Telephone(None), (), "no_answer"),
        (Telephone(None, 0.5), (), "declined"),
        (None, (), "unreachable"),
        (Telephone(1.0), ("boris",), "busy"),
    ],
)
def test_the_operator_has_the_caller_back_when_nobody_answers(
    telephone: Telephone | None, busy: tuple[str, ...], reason: str
) -> None:
    telephones = {"boris": telephone} if telephone else {"nobody": Telephone()}
    scene = Scene(telephones, busy).at(10.0, AskIn(BORIS, transfer=True)).look(31.0).at(40.0, hang_up(ANNA))
    world = scene.play()
    assert scene.rooms[31.0][TALK] == {CALLER, ANNA}
    assert dict(world.journal.records)["asked_in_ended"]["reason"] == reason
    assert "let go" in world.queue.said
    assert "transferred" not in world.journal.kinds


def test_a_warm_transfer_is_talked_over_first() -> None:
    scene = Scene().at(10.0, AskIn(BORIS)).look(12.0).at(13.0, Join()).look(14.0).at(15.0, Complete()).look(16.0)
    world = scene.at(20.0, hang_up(CALLER)).play()
    assert scene.rooms[12.0] == {TALK: {ANNA, SECOND}, HOLD: {CALLER}}
    assert scene.rooms[14.0][TALK] == {CALLER, ANNA, SECOND}
    assert scene.rooms[16.0][TALK] == {CALLER, SECOND}
    assert dict(world.journal.records)["transferred"] == {
        "operator": "anna",
        "to": "operator",
        "target": "boris",
        "warm": True,
    }
    before = state_before(world, "conferenced")
    assert (before.held, before.asked_in, before.operator) == (True, "boris", "anna")


def test_hanging_up_while_it_rings_leaves_the_caller_to_who_answers() -> None:
    scene = Scene({"boris": Telephone(4.0)}).at(10.0, AskIn(BORIS)).at(12.0, hang_up(ANNA)).look(13.0).look(15.0)
    scene.at(20.0, hang_up(CALLER)).play()
    assert scene.rooms[13.0] == {TALK: set(), HOLD: {CALLER}}
    assert scene.rooms[15.0][TALK] == {CALLER, SECOND}


def test_hanging_up_while_it_rings_in_vain_puts_the_caller_back_into_the_queue() -> None:
    scene = Scene({"boris": Telephone(None)}).at(10.0, AskIn(BORIS, transfer=True)).at(12.0, hang_up(ANNA))
    world = scene.at(40.0, hang_up(CALLER)).play()
    assert BackToQueue("anna", urgent=True) in world.plan.seen


def test_an_outside_number_has_the_caller_and_the_operator_is_free() -> None:
    scene = Scene({"mfc-trunk": Telephone(1.0)}).at(10.0, AskIn(MFC, transfer=True)).look(12.0)
    world = scene.at(20.0, hang_up(SECOND)).play()
    assert scene.rooms[12.0][TALK] == {CALLER, SECOND}
    assert world.journal.kinds[-4:] == ["talk_ended", "transferred", "outside_ended", "ended"]
    assert state_before(world, "outside_ended").phase == "outside"
    assert world.queue.said[-1] == "talk_ended"


def test_back_to_a_queue_the_plan_is_told_and_the_operator_is_free() -> None:
    scene = Scene().at(10.0, Requeue("payments_queue", "payments", "не мой вопрос")).look(11.0)
    world = scene.at(20.0, hang_up(CALLER)).play()
    assert scene.rooms[11.0] == {}
    assert BackToQueue("anna", "payments_queue", "payments", urgent=True) in world.plan.seen
    assert world.journal.kinds[4:7] == ["escalated", "talk_ended", "transferred"]


def test_the_operator_says_goodbye_and_the_plan_goes_on() -> None:
    world = Scene().at(10.0, EndTalk()).play()
    assert dict(world.journal.records)["talk_ended"]["ended_by"] == "operator"
    assert "ended" in world.journal.kinds


@pytest.mark.parametrize("seconds", [10.0, 10.01, 10.5, 11.0, 11.01, 11.5])
def test_the_caller_may_leave_at_any_moment_of_a_transfer(seconds: float) -> None:
    world = Scene().at(10.0, AskIn(BORIS)).at(11.3, Complete()).at(seconds, hang_up(CALLER)).play()
    assert dict(world.journal.records)["talk_ended"]["ended_by"] == "caller"


def test_what_cannot_be_done_now_is_refused_and_changes_nothing() -> None:
    scene = Scene().at(10.0, Join()).at(11.0, Complete()).look(12.0).at(20.0, hang_up(CALLER))
    scene.play()
    assert len(scene.refused) == 2
    assert scene.rooms[12.0] == {TALK: {CALLER, ANNA}}


def test_a_supervisor_listens_whispers_and_joins() -> None:
    scene = Scene({"chief": Telephone(1.0), "boris": Telephone(1.0)})

    leg, room = f"{CALL}-with-leg2", f"{CALL}-with-olga"
    scene.at(10.0, listening("listen")).look(12.0).at(13.0, listening("whisper")).look(14.0).at(15.0, listening("join"))
    world = scene.look(16.0).at(20.0, hang_up(CALLER)).play()
    ears = [{member for member in scene.rooms[at][room] if member != leg} for at in (12.0, 14.0)]
    assert [len(ear) for ear in ears] == [1, 1]
    assert ears[0] != ears[1], "a whisper needs another ear"
    assert scene.rooms[12.0][TALK] == {CALLER, ANNA}
    assert scene.rooms[16.0][TALK] == {CALLER, ANNA, leg}
    modes = [data["mode"] for kind, data in world.journal.records if kind == "supervised"]
    assert modes == ["listen", "whisper", "join"]
    assert dict(world.journal.records)["supervision_ended"]["reason"] == "talk_ended"


def test_a_supervisor_hears_the_next_operator_as_well() -> None:
    scene = Scene({"chief": Telephone(1.0), "boris": Telephone(1.0)})
    scene.at(9.0, listening("listen"))
    world = (
        scene.at(12.0, AskIn(BORIS, transfer=True))
        .at(16.0, hang_up(f"{CALL}-with-leg2"))
        .at(18.0, hang_up(CALLER))
        .play()
    )
    heard = [data["operator"] for kind, data in world.journal.records if kind == "supervised"]
    assert heard == ["anna", "boris"]
    assert dict(world.journal.records)["supervision_ended"]["reason"] == "left"


def test_a_new_controller_brings_a_held_caller_back_to_the_talk() -> None:
    dialplan, caller = {"app_name": "Stasis", "app_data": "ivr,line,123,sip"}, {"number": "+7999"}
    channels = [{"id": name, "dialplan": dialplan, "caller": caller} for name in (CALLER, ANNA, "lonely")]
    bridges = [
        {"id": TALK, "channels": [ANNA], "creator": "Stasis"},
        {"id": HOLD, "channels": [CALLER], "creator": "Stasis"},
    ]
    remains = sort_out(channels, bridges)
    assert remains.talks == {CALL: (CALLER, ANNA)}
    assert remains.held == {CALL: CALLER}
    assert remains.useless_bridges == (HOLD,)
    assert remains.callers == {"lonely": IncomingCall("lonely", "123", "+7999", "sip")}
