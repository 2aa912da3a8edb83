"""The journal is enough: a call's state rebuilt from its records equals the live one, whatever happens to the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call.effects import Effect, EnterQueue, Note
from ivr.call.events import (
    Arrived,
    BackToQueue,
    CallerHungUp,
    Connected,
    Event,
    Heard,
    HeardWord,
    KeyPressed,
    Offered,
    OfferEnded,
    PromptFinished,
    Queued,
    QueueRefused,
    SpeechLost,
    SpeechStarted,
    TalkEnded,
    TimerFired,
)
from ivr.dialplan.interpret import begin, step
from ivr.dialplan.model import Plan
from ivr.dialplan.source import load_plans
from ivr.dialplan.state import Now, State, Waiting
from ivr.journal.fold import CallState, contradictions, fold
from ivr.journal.record import Record, Value, split
from ivr.speech.topics import load_topics

ROOT = Path(__file__).parents[3]
LINE = "88005553535"
TEXTS = (
    "не могу войти в личный кабинет",
    "оператор",
    "взломали мой аккаунт",
    "сколько времени",
    "",
    "статус заявления",
)


class LiveCall:
    """A call in the real dialplan, with the records that the session would write."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._now = Now(datetime(2026, 11, 23, 12, tzinfo=UTC), 0.0)
        self.state: State = begin(plan, LINE, "79001234567", self._now)
        self.records: list[Record] = []
        self.ringing = ""
        self.admitted = False
        self.write("arrived", {"line": LINE}, {"caller": "79001234567"})
        self.feed(Arrived(LINE, "79001234567"))

    def write(
        self, kind: str, data: Mapping[str, Value], personal: Mapping[str, str] | None = None, path: str = ""
    ) -> None:
        count = len(self.records) + 1
        harmless, sealed = split(kind, data, personal or {})
        self.records.append(Record("c", count, kind, path, 1000.0 + count, float(count), harmless, sealed))

    def feed(self, event: Event) -> None:
        match event:
            case Offered(operator):
                self.write("offered", {"operator": operator})
                self.ringing = operator
            case OfferEnded(operator, reason):
                self.write("offer_ended", {"operator": operator, "reason": reason})
                self.ringing = ""
            case Connected(operator):
                self.write("connected", {"operator": operator})
                self.ringing = ""
            case TalkEnded(operator, ended_by):
                self.write("talk_ended", {"operator": operator, "ended_by": ended_by})
            case BackToQueue(operator, queue):
                self.write("talk_ended", {"operator": operator, "ended_by": "transferred"})
                self.write("transferred", {"operator": operator, "to": "queue", "target": queue})
            case _:
                pass
        self.state, effects = step(self._plan, self.state, event, self._now)
        for effect in effects:
            self._note(effect)
        if self.ringing and not self.waiting and not self.talking:
            self.write("offer_ended", {"operator": self.ringing, "reason": "withdrawn"})
            self.ringing = ""
        if self.state.finished:
            self.write("ended", {"outcome": "talked" if self.state.talked else "left"})

    def _note(self, effect: Effect) -> None:
        match effect:
            case Note(kind, path, data, personal):
                self.write(kind, data, personal, path)
            case EnterQueue():
                self.ringing = ""
            case _:
                pass

    @property
    def waiting(self) -> bool:
        doing = self.state.doing
        return isinstance(doing, Waiting) and doing.admitted and not doing.talking and self.state.queue is not None

    @property
    def talking(self) -> bool:
        return isinstance(self.state.doing, Waiting) and self.state.doing.talking and self.state.queue is not None

    def phase(self) -> str:
        if self.state.finished:
            return "over"
        if self.talking:
            return "talking"
        if self.waiting:
            return "ringing" if self.ringing else "waiting"
        return "menu"

    def possible(self) -> list[Event]:
        state = self.state
        events: list[Event] = [CallerHungUp(), KeyPressed("1"), KeyPressed("0"), KeyPressed("#")]
        events += [TimerFired(timer) for timer in state.timers]
        if state.playing:
            events += [PromptFinished(state.playing)] * 3
        if listening := state.listening:
            words = (HeardWord("слово", 0.0, 1.0, 0.9),)
            events += [Heard(listening, text, words if text else ()) for text in TEXTS]
            events += [SpeechStarted(listening), SpeechLost(listening, "worker gone")]
        if isinstance(state.doing, Waiting) and state.queue and not state.doing.talking:
            if not state.doing.admitted:
                events += [Queued(state.queue, 2, 30.0)] * 9 + [QueueRefused(state.queue, "full")] * 2
            elif self.ringing:
                events += [Connected(self.ringing)] * 5 + [OfferEnded(self.ringing, "no_answer")] * 3
            else:
                events += [Offered("anna"), Offered("boris"), Queued(state.queue, 1)] * 3
        if self.talking:
            operator = next(record.data["operator"] for record in self.records[::-1] if record.kind == "connected")
            ends: list[Event] = [
                TalkEnded(str(operator), "operator"),
                TalkEnded(str(operator), "failed"),
                TalkEnded(str(operator), "caller"),
                BackToQueue(str(operator)),
                BackToQueue(str(operator), "other", "payments", urgent=True),
            ]
            events = [*ends * 3, KeyPressed("1")]
        return events


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = load_plans(ROOT / "dialplans", load_topics(ROOT / "dialplans/topics.yaml")).for_line(LINE)
    assert found is not None
    return found


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_after_every_event_the_journal_knows_the_call(plan: Plan, data: st.DataObject) -> None:
    call = LiveCall(plan)
    for _ in range(60):
        if call.state.finished:
            break
        call.feed(data.draw(st.sampled_from(call.possible())))
        rebuilt = fold(call.records)

        assert (rebuilt.phase, rebuilt.topic, rebuilt.language, rebuilt.priority, rebuilt.talks > 0) == (
            call.phase(),
            call.state.topic,
            call.state.language,
            call.state.priority,
            any(record.kind == "talk_ended" for record in call.records),
        ), [record.kind for record in call.records]
        if rebuilt.phase in {"waiting", "ringing"}:
            assert rebuilt.queue == call.state.queue
        assert contradictions(call.records) == ()


GOOD: tuple[tuple[str, dict[str, Value]], ...] = (
    ("arrived", {"line": LINE}),
    ("answered", {}),
    ("queued", {"queue": "people", "topic": "access"}),
    ("offered", {"operator": "anna"}),
    ("connected", {"operator": "anna"}),
    ("talk_ended", {"operator": "anna", "ended_by": "operator"}),
    ("ended", {"outcome": "talked"}),
    ("result", {"request": "1"}),
)


def good_call() -> list[Record]:
    return [Record("c", n, kind, "", float(n), float(n), data) for n, (kind, data) in enumerate(GOOD, start=1)]


def test_a_good_call_has_no_contradictions() -> None:
    assert contradictions(good_call(), over=True) == ()
    assert fold(good_call()[:5]) == CallState(
        call="c", line=LINE, phase="talking", step="connected", step_since=5.0, arrived=1.0, topic="access",
        queue="people", queued=3.0, operator="anna", connected=5.0, offers=1, sequence=5,
    )  # fmt: skip


@pytest.mark.parametrize("missing", range(7))
def test_a_missing_record_shows(missing: int) -> None:
    records = good_call()
    del records[missing]

    assert contradictions(records)
    renumbered = [replace(record, sequence=number) for number, record in enumerate(records, start=1)]
    assert contradictions(renumbered, over=True) or GOOD[missing][0] == "answered"  # which alone changes nothing


def test_a_record_twice_shows() -> None:
    records = good_call()

    assert contradictions([*records[:4], records[3], *records[4:]])


def test_another_operator_shows() -> None:
    records = good_call()
    records[4] = replace(records[4], data={"operator": "boris"})

    assert contradictions(records) == (
        "c 5 connected: not an operator who was rung (anna)",
        "c 6 talk_ended: not the operator of before ('boris')",
    )


def test_two_operators_may_be_rung_and_one_of_them_answers() -> None:
    records = good_call()
    at = next(index for index, record in enumerate(records) if record.kind == "offered")
    second = replace(records[at], data={**records[at].data, "operator": "boris"})
    first_ends = replace(records[at], kind="offer_ended", data={"operator": "anna", "reason": "no_answer"})
    talk = [
        replace(record, data={**record.data, "operator": "boris"})
        if record.kind in ("connected", "talk_ended")
        else record
        for record in records[at + 1 :]
    ]
    story = [*records[: at + 1], second, first_ends, *talk]
    numbered = [replace(record, sequence=number) for number, record in enumerate(story, start=1)]
    assert contradictions(numbered, over=True) == ()


def test_a_requests_record_that_comes_late_does_not_change_what_the_call_is_about() -> None:
    kinds: tuple[tuple[str, dict[str, Value]], ...] = (
        ("arrived", {"line": "1"}),
        ("topic", {"topic": "access"}),
        ("request_opened", {"request": "100342", "topic": "none"}),
    )
    records = [Record("a", n, kind, "", float(n), float(n), data) for n, (kind, data) in enumerate(kinds, 1)]
    assert fold(records).topic == "access"


def test_a_call_waits_since_it_asked_for_the_queue_however_late_that_answered() -> None:
    queued = Record("c", 2, "queued", "", 110.0, 10.0, {"queue": "people", "waited_seconds": 0.75})
    assert fold([Record("c", 1, "arrived", "", 100.0, 0.0, {"line": LINE}), queued]).queued == 109.25
