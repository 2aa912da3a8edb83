"""A caller who has hung up is rung back on the scripted Asterisk: whoever answers or does not, nothing is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.call.call_back import CallBack
from ivr.call.call_backs import CallBacks
from ivr.call.effects import EnterQueue
from ivr.call.events import CallbackKept, CallbackRefused, CallId, OfferEnd
from ivr.call.parts import Around, Ear, Parts
from ivr.call.switchboard import Switchboard
from ivr.dialplan.model import Plan
from ivr.dialplan.rehearsal import Rehearsal
from ivr.dialplan.source import load_plans
from ivr.dialplan.state import State
from ivr.errors import SpeechUnavailable
from ivr.hours import Hours
from ivr.journal.privacy import PersonalDataUnreadable
from ivr.line.asterisk import Line
from ivr.line.fake import FakeAsterisk, Telephone
from ivr.line.outside import Outside
from ivr.queue.model import CallbackMissed, Offer
from ivr.speech.topics import TopicModel
from ivr.virtual_time import LoopClock, run_virtually

CALLER = "+79990000000"
ALL_DAY, BY_DAY = ((0, 24 * 60),), ((9 * 60, 21 * 60),)
LANDMARKS = ("promised", "offered", "caller_rung", "connected", "talk_ended", "menu", "rated", "ended")
RATING = """
plan: one
languages: [ru]
start: first
sections:
  first:
    - queue: people
      refused: bye
      then: mark
  mark:
    - rate: rate_us
      no_input: {again: 0, go: bye}
      no_match: {again: 0, go: bye}
    - go: bye
  bye:
    - hang_up: goodbye
"""
OUTSIDE = Outside(True, call_back=("+7",))
WANTED = EnterQueue("people", "access", "ru")
CALL = CallId("testcall0001")


@dataclass
class Places:
    """The router, as far as a call back speaks to it."""

    takes: bool = True
    given_up: bool = False
    said: list[str] = field(default_factory=list)
    sealed: str = ""

    async def request_callback(self, call: CallId, call_back: CallId, sealed: str, hours: Hours) -> bool:
        self.sealed = sealed
        return self.takes

    async def callback_missed(self, offer: Offer, hours: Hours) -> CallbackMissed:
        self.said.append("missed")
        return CallbackMissed(self.given_up)

    async def accepted(self, offer: Offer) -> bool:
        self.said.append("accepted")
        return True

    async def declined(self, offer: Offer, reason: OfferEnd) -> bool:
        self.said.append(f"declined {reason}")
        return False

    async def talk_ended(self, call: CallId) -> None:
        self.said.append("talk_ended")

    async def leave(self, call: CallId, reason: str, *, caller_token: str = "") -> None:
        self.said.append(f"leave {reason}")


@dataclass
class Book:
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    erased: bool = False

    def record(
        self, call: str, kind: str, path: str = "", data: Mapping[str, Any] | None = None, personal: object = None
    ) -> None:
        self.records.append((kind, dict(data or {})))

    def seal(self, call: str, personal: Mapping[str, str], context: str) -> str:
        return json.dumps([context, dict(personal)])

    async def unseal(self, call: str, sealed: str, context: str) -> Mapping[str, str]:
        bound, personal = json.loads(sealed)
        if self.erased or bound != context:
            raise PersonalDataUnreadable("erased")
        return dict(personal)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.records]


class NoSpeech:
    async def open(self, call: CallId) -> Ear:
        raise SpeechUnavailable("nobody listens in this test")


@dataclass
class World:
    asterisk: FakeAsterisk
    places: Places
    book: Book
    back: CallBack

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_later(seconds, action)

    def leg(self, number: int) -> str:
        """0 is the caller's, 1 the operator's."""
        return f"{self.back.call}-leg{number}"


def rung(
    telephones: Mapping[str, Telephone],
    script: Callable[[World], None] = lambda _: None,
    places: Places | None = None,
    erased: bool = False,
    state: State | None = None,
    plans: Mapping[str, Plan] | None = None,
) -> World:
    """Promise, then one try on virtual time."""
    worlds: list[World] = []

    async def live() -> None:
        asterisk = FakeAsterisk(telephones)
        line = Line(asterisk, "ivr", lambda _: None, lambda _: None, lambda _: None)
        reading = asyncio.create_task(line.run())
        kept, book = places or Places(), Book()
        nothing: Any = None
        router: Any = kept
        parts = Parts(
            line,
            NoSpeech(),
            router,
            book,
            LoopClock(),
            lambda _, prompt: f"sound:{prompt}",
            str,
            lambda *_: nothing,
            Around,
            nothing,
        )
        promises = CallBacks(kept, book, OUTSIDE, LoopClock(), ALL_DAY)
        answer = await promises.promise(CALL, CALLER, "88005553535", WANTED, 0.0, state)
        assert isinstance(answer, CallbackKept)
        book.erased = erased
        offer = Offer("offer-1", CallId(answer.call_back), "anna", 35.0, "free", kept.sealed)
        switchboard = Switchboard(lambda _: None, (plans or {}).get, parts, promises)
        await asyncio.sleep(0.1)
        switchboard.call_back(offer)
        [back] = switchboard.sessions
        assert isinstance(back, CallBack)
        worlds.append(World(asterisk, kept, book, back))
        script(worlds[0])
        await asyncio.sleep(120.0)
        assert not switchboard.sessions
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not {*asterisk.channels, *asterisk.bridges, *asterisk.playbacks}

    run_virtually(live())
    return worlds[0]


def originated(world: World) -> list[str]:
    return [str(frame["channel"]["id"]) for frame in world.asterisk.sent if frame["type"] == "StasisStart"]


def test_operator_and_caller_are_both_rung_and_joined() -> None:
    telephones = {"anna": Telephone(2.0), f"{CALLER}@trunk": Telephone(5.0)}
    world = rung(telephones, lambda world: world.at(20.0, lambda: world.asterisk.hang_up_caller(world.leg(1))))
    assert world.book.kinds == ["promised", "offered", "caller_rung", "connected", "talk_ended", "ended"]
    assert dict(world.book.records)["promised"]["of"] == CALL
    assert dict(world.book.records)["ended"]["outcome"] == "talked"
    assert dict(world.book.records)["talk_ended"]["ended_by"] == "operator"
    assert world.places.said == ["accepted", "talk_ended"]
    assert originated(world) == [world.leg(1), world.leg(0)]  # nobody who waited once is rung to wait again


def waiting_for_a_mark(tmp_path: Path) -> tuple[State, dict[str, Plan]]:
    """A call that waits in a queue; after the talk its plan asks for a mark."""
    (tmp_path / "one.yaml").write_text(RATING, encoding="utf-8")
    plans = load_plans(tmp_path, TopicModel(()))
    [plan] = plans
    waiting = Rehearsal(plan, begins=datetime(2026, 11, 25, 12, tzinfo=UTC), caller=CALLER, operators="busy")
    waiting.wait(70.0)
    assert waiting.state.doing is not None
    return waiting.state, dict(plans.by_name)


def test_after_the_talk_the_plan_goes_on_and_asks_for_a_mark(tmp_path: Path) -> None:
    def script(world: World) -> None:
        world.at(20.0, lambda: world.asterisk.hang_up_caller(world.leg(1)))  # the operator
        world.at(25.0, lambda: world.asterisk.press(world.leg(0), "5"))

    state, plans = waiting_for_a_mark(tmp_path)
    telephones = {"anna": Telephone(2.0), f"{CALLER}@trunk": Telephone(5.0)}
    world = rung(telephones, script, state=state, plans=plans)
    assert [kind for kind in world.book.kinds if kind in LANDMARKS] == [*LANDMARKS]
    facts = dict(world.book.records)
    assert facts["rated"] == {"score": 5}
    assert (facts["ended"]["outcome"], facts["ended"]["talk_seconds"] > 5) == ("talked", True)


@pytest.mark.parametrize("plan_is_gone", [False, True])
def test_a_caller_who_leaves_with_the_operator_is_asked_nothing(tmp_path: Path, plan_is_gone: bool) -> None:
    def script(world: World) -> None:
        world.at(20.0, lambda: world.asterisk.hang_up_caller(world.leg(int(plan_is_gone))))

    state, plans = waiting_for_a_mark(tmp_path)
    telephones = {"anna": Telephone(2.0), f"{CALLER}@trunk": Telephone(5.0)}
    world = rung(telephones, script, state=state, plans={} if plan_is_gone else plans)
    assert "menu" not in world.book.kinds
    assert world.book.kinds.count("ended") == 1


def test_the_caller_may_end_the_talk() -> None:
    telephones = {"anna": Telephone(2.0), f"{CALLER}@trunk": Telephone(5.0)}
    world = rung(telephones, lambda world: world.at(20.0, lambda: world.asterisk.hang_up_caller(world.leg(0))))
    assert dict(world.book.records)["talk_ended"]["ended_by"] == "caller"
    assert world.places.said == ["accepted", "talk_ended"]


def test_an_operator_who_does_not_answer_leaves_the_callers_telephone_silent() -> None:
    world = rung({"anna": Telephone(None), f"{CALLER}@trunk": Telephone(1.0)})
    assert world.places.said == ["declined no_answer"]
    assert "caller_rung" not in world.book.kinds
    assert "ended" not in world.book.kinds  # it is back in its place


@pytest.mark.parametrize(
    ("caller", "reason"),
    [(Telephone(None), "no_answer"), (Telephone(None, 2.0), "declined"), (None, "unreachable")],
)
@pytest.mark.parametrize("given_up", [False, True])
def test_a_caller_who_does_not_answer_is_tried_again_and_given_up_in_the_end(
    caller: Telephone | None, reason: str, given_up: bool
) -> None:
    telephones = {"anna": Telephone(1.0)} | ({f"{CALLER}@trunk": caller} if caller else {})
    world = rung(telephones, places=Places(given_up=given_up))
    assert world.places.said[0] == "missed"
    assert dict(world.book.records)["caller_missed"] == {"reason": reason, "left": 0 if given_up else 2}
    assert ("ended" in world.book.kinds) == given_up


def test_an_operator_who_hangs_up_while_the_caller_is_rung_declines() -> None:
    world = rung(
        {"anna": Telephone(1.0), f"{CALLER}@trunk": Telephone(10.0)},
        lambda world: world.at(4.0, lambda: world.asterisk.hang_up_caller(world.leg(1))),
    )
    assert world.places.said == ["declined declined"]


def test_an_offer_that_is_withdrawn_stops_ringing_at_once() -> None:
    def script(world: World) -> None:
        offer = Offer("offer-1", world.back.call, "anna", 35.0)
        world.at(4.0, lambda: world.back.withdraw(offer))

    world = rung({"anna": Telephone(1.0), f"{CALLER}@trunk": Telephone(10.0)}, script)
    assert world.places.said == ["declined withdrawn"]  # which the queue refuses: it has ended the offer itself
    assert world.book.kinds[-1] == "offer_ended"


def test_when_asterisk_dies_the_operator_is_not_to_blame_and_the_caller_keeps_the_place() -> None:
    world = rung({"anna": Telephone(None)}, lambda world: world.at(4.0, world.asterisk.die))
    assert world.places.said == ["declined withdrawn"]
    assert "ended" not in world.book.kinds


def test_who_was_erased_is_not_rung() -> None:
    world = rung({"anna": Telephone(1.0), f"{CALLER}@trunk": Telephone(1.0)}, erased=True)
    assert world.places.said == ["leave promise_unreadable"]
    assert originated(world) == []
    assert world.book.kinds == ["promised", "ended"]


class At(LoopClock):
    def __init__(self, wall: datetime) -> None:
        self._at = wall.timestamp()

    def wall(self) -> float:
        return self._at


@pytest.mark.parametrize(
    ("number", "possible"),
    [
        ("89990000000", True),
        ("+78432220222", True),
        ("+74232220222", False),  # in Vladivostok it is night
        ("+18005550100", False),  # abroad: a forged number must not cost us a fortune
        ("112", False),
        ("", False),
        ("anonymous", False),
    ],
)
def test_who_can_be_rung_back_and_when(number: str, possible: bool) -> None:
    nothing: Any = None
    afternoon = At(datetime(2026, 11, 25, 14, 0, tzinfo=UTC))
    assert CallBacks(nothing, nothing, OUTSIDE, afternoon, BY_DAY).possible(number) is possible
    assert not CallBacks(nothing, nothing, Outside(False, call_back=("+7",)), afternoon, BY_DAY).possible(number)


def test_a_caller_who_rings_at_an_operator_already_is_not_promised_anything() -> None:
    async def ask() -> object:
        book = Book()
        promises = CallBacks(Places(takes=False), book, OUTSIDE, LoopClock(), ALL_DAY)
        answer = await promises.promise(CALL, CALLER, "88005553535", WANTED, 0.0, None)
        assert book.records == []
        return answer

    assert isinstance(run_virtually(ask()), CallbackRefused)
