"""What no one thought of: whatever is written and whatever happens, the checker answers and the call ends.

IVR_RANDOM_DOCUMENTS and IVR_RANDOM_CALLS ask for more examples than a quick run has.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.check import check
from ivr.dialplan.check_draft import Known
from ivr.dialplan.model import Plan
from ivr.dialplan.nodes import read
from ivr.dialplan.parse import parse
from ivr.dialplan.source import load_plans
from ivr.dialplan.state import Now, State, Transferring, dumped, loaded
from ivr.dialplan.steps import VERBS
from ivr.journal.kinds import KINDS
from ivr.routing.skills import Profile
from ivr.speech.topics import TopicModel, load_topics

ROOT = Path(__file__).parents[3]
DOCUMENTS = int(os.environ.get("IVR_RANDOM_DOCUMENTS", "60"))
CALLS = int(os.environ.get("IVR_RANDOM_CALLS", "50"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
KNOWN = Known(
    prompts={"ru": {"hello"}}, topics={"access"}, words={"ru": {"да"}}, operators=[Profile(name="anna", skills={})]
)
SHIPPED = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "dialplans").glob("*.yaml"))]

# --- documents ---
_KEYS = st.sampled_from(
    [
        *VERBS,
        *("plan", "lines", "languages", "start", "sections", "variables", "hours", "choices", "key", "topic", "words"),
        *("no_input", "no_match", "again", "if", "else", "with", "into", "format", "announce", "refused", "weekdays"),
    ]
)
_SCALARS = (
    st.sampled_from(
        ["hello", "welcome", "access", "ru", "да", "5", "08:00-20:00", "topic == 'a'", "office is open", "", "*"]
    )
    | st.integers()
    | st.floats(allow_nan=True)
    | st.booleans()
    | st.none()
    | st.text(max_size=8)
)


def _nested(leaves: int) -> st.SearchStrategy[Any]:
    return st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
        max_leaves=leaves,
    )


_DATA, _LITTLE = _nested(25), _nested(5)


def checked(text: str) -> None:
    document = read(text, "random.yaml")
    check(document, parse(document), KNOWN)
    for finding in document.findings:
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.message


@settings(max_examples=DOCUMENTS, suppress_health_check=SLOW, deadline=None)
@given(_DATA)
def test_the_checker_takes_any_data(data: Any) -> None:
    checked(yaml.safe_dump(data, allow_unicode=True))


@settings(max_examples=DOCUMENTS, suppress_health_check=SLOW, deadline=None)
@given(st.dictionaries(_KEYS, _LITTLE, max_size=6), st.lists(st.dictionaries(_KEYS, _LITTLE, max_size=4), max_size=4))
def test_the_checker_takes_any_steps(head: Mapping[str, Any], steps: list[Any]) -> None:
    plan = {"plan": "random", "languages": ["ru"], "start": "welcome", **head, "sections": {"welcome": steps}}
    checked(yaml.safe_dump(plan, allow_unicode=True))


@settings(max_examples=DOCUMENTS, suppress_health_check=SLOW, deadline=None)
@given(st.text(max_size=200))
@example("a: &a [*a]")
@example("[" * 5000)
@example("? " * 3000)
@example("\ufeffplan: x")
@example("a: \ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
@example("plan: x\r\nlines: [1]\r\n")
def test_the_checker_takes_any_text(text: str) -> None:
    checked(text)


@settings(max_examples=DOCUMENTS, suppress_health_check=SLOW, deadline=None)
@given(
    st.sampled_from(SHIPPED),
    st.integers(0, 5000),
    st.integers(0, 30),
    st.text(max_size=6) | st.sampled_from("\t:-[]{}&*!%@`'\"#"),
)
def test_the_checker_takes_slips_of_the_hand(text: str, at: int, removed: int, typed: str) -> None:
    at %= len(text)
    checked(text[:at] + typed + text[at + removed :])


# --- calls ---
TOPICS = load_topics(ROOT / "dialplans" / "topics.yaml")
PLANS = load_plans(ROOT / "dialplans", TOPICS)
LINES = [plan for plan in PLANS if plan.lines]

_TEXTS = st.sampled_from(
    ["", "не могу войти", "да", "нет", "сорок пять двенадцать", "пятёрка", "[unk]", "оператор", "ля"]
)
_NAMES = st.sampled_from(["p0", "p1", "p2", "l0", "l1", "l2", ""])
_EVENTS = st.one_of(
    st.builds(ev.KeyPressed, st.sampled_from("0123456789*#A")),
    st.builds(ev.PromptFinished, _NAMES | st.just("now")),
    st.builds(ev.SpeechStarted, _NAMES | st.just("now")),
    st.builds(ev.PartlyHeard, _NAMES | st.just("now"), _TEXTS),
    st.builds(ev.Heard, _NAMES | st.just("now"), _TEXTS),
    st.builds(ev.SpeechLost, _NAMES | st.just("now"), st.just("gone")),
    st.builds(
        ev.TimerFired,
        st.sampled_from(
            [
                "no_input",
                "speaking",
                "pause",
                "admission",
                "announcement",
                "callback",
                "look_up",
                "longest_wait",
                "transfer",
                "",
            ]
        ),
    ),
    st.builds(ev.Queued, st.just("people"), st.integers(1, 9), st.none() | st.floats(0, 999)),
    st.builds(ev.QueueRefused, st.just("people"), st.sampled_from(["full", "nobody", "closed"])),
    st.builds(ev.Offered, st.just("anna")),
    st.builds(ev.OfferEnded, st.just("anna"), st.just("no_answer")),
    st.builds(ev.Connected, st.just("anna")),
    st.builds(ev.TalkEnded, st.just("anna"), st.sampled_from(["caller", "operator", "failed"])),
    st.builds(ev.Arrived, st.just("100"), st.just("")),
    st.just(ev.TimerFired(interpret.LONGEST_CALL)),
    st.builds(ev.CallbackKept),
    st.builds(ev.CallbackRefused),
    st.builds(ev.LookedUp, st.sampled_from(["q0", "q1", "q2", "q3", "q4", "q5"]), st.just({"status": "done"})),
    st.builds(ev.Transferred, st.sampled_from(["t0", "t1", "t2", "t3"])),
    st.builds(ev.TransferEnded, st.sampled_from(["t0", "t1", "t2", "t3"]), st.sampled_from(["ended", "no_answer"])),
    st.builds(ev.LookUpFailed, st.sampled_from(["q0", "q1", "q2", "q3"])),
)


class World:
    """Keeps the books on a call: what plays, what listens, which timers run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = Now(datetime(2026, 11, 23, 9, tzinfo=UTC), 0.0, notices=("notice_portal_down",))
        self.state: State = interpret.begin(plan, "100", "+79001234567", self.now)
        self.timers: dict[str, float] = {}
        """When each timer is due."""
        self.seconds = 0.0
        self.playing: str | None = None
        self.listening: str | None = None
        self.waiting = False
        self.outside = ""
        self.over = False

    def feed(self, event: ev.Event) -> None:
        if isinstance(event, ev.TimerFired):
            self.timers.pop(event.timer, None)
        if isinstance(event, ev.PromptFinished) and event.playback == self.playing:
            self.playing = None
        lost = isinstance(event, ev.SpeechLost) and event.listening in (self.listening, "")  # "": whatever it was
        if lost or (isinstance(event, ev.Heard) and event.listening == self.listening):
            self.listening = None
        if isinstance(event, ev.TransferEnded) and event.transfer == self.outside:
            self.outside = ""
        was_over = self.over
        before = self.state
        self.state, effects = interpret.step(self.plan, self.state, event, self.now)
        assert not (was_over and effects), "a finished call does nothing more"
        assert not (was_over and self.state != before)
        for effect in effects:
            self.carry_out(effect)
        self.over = self.state.finished

    def carry_out(self, effect: fx.Effect) -> None:  # noqa: C901 -- one flat case an effect reads best
        assert not self.over, "nothing follows a hang-up"
        match effect:
            case fx.Play(playback):
                assert self.playing is None, "two prompts at once"
                self.playing = playback
            case fx.StopPlaying(playback):
                assert playback == self.playing
                self.playing = None
            case fx.Listen(listening):
                assert self.listening is None, "two listenings at once"
                self.listening = listening
            case fx.StopListening(listening):
                assert listening == self.listening
                self.listening = None
            case fx.SetTimer(timer, seconds):
                self.timers[timer] = self.seconds + seconds
            case fx.CancelTimer(timer):
                self.timers.pop(timer, None)
            case fx.EnterQueue():
                assert not self.waiting, "twice in the queue"
                self.waiting = True
            case fx.LeaveQueue():
                assert self.waiting, "out of a queue that it is not in"
                self.waiting = False
            case fx.Transfer(transfer):
                assert not self.outside, "two outside telephones at once"
                self.outside = transfer
            case fx.EndTransfer(transfer):
                assert transfer == self.outside
                self.outside = ""
            case fx.HangUp():
                self.over = True
                assert not self.outside
                assert self.playing is None
                assert self.listening is None
                assert not self.waiting
                assert not self.timers.keys() - {interpret.LONGEST_CALL}
            case fx.Note(kind, _, data, personal):
                assert data.keys() <= KINDS[kind].fields.keys(), "what is not declared would be sealed"
                assert personal.keys() <= KINDS[kind].personal.keys()
            case _:
                pass

    def happens(self, event: ev.Event) -> None:
        """The event, with "now" for whatever is under way, and what it means for the books."""
        if isinstance(event, ev.PromptFinished) and event.playback == "now":
            event = ev.PromptFinished(self.playing or "")
        elif (
            isinstance(event, ev.SpeechStarted | ev.PartlyHeard | ev.Heard | ev.SpeechLost) and event.listening == "now"
        ):
            event = type(event)(self.listening or "", *[getattr(event, name) for name in event.__slots__[1:2]])
        doing = self.state.doing
        if isinstance(event, ev.CallbackKept) and getattr(doing, "callback", "") == "asked" and not self.talking:
            self.waiting = False
        if isinstance(event, ev.QueueRefused | ev.TalkEnded) and self.waiting and self.state.queue is not None:
            self.waiting = False  # the queue has let it go by itself
            if isinstance(event, ev.QueueRefused) and self.talking:
                self.waiting = True
            if isinstance(event, ev.TalkEnded) and not self.talking:
                self.waiting = True
        self.feed(event)
        assert loaded(dumped(self.state)) == self.state, "another controller would not know the call"

    @property
    def talking(self) -> bool:
        return bool(getattr(self.state.doing, "talking", False))

    def passes(self) -> bool:
        """The next thing that comes by itself; False when nothing will."""
        if self.playing is not None:
            self.seconds += 3
            self.feed(ev.PromptFinished(self.playing))
        elif isinstance(self.state.doing, Transferring) and self.talking:
            self.feed(ev.TransferEnded(self.state.doing.transfer))
        elif self.talking:
            self.waiting = False
            self.feed(ev.TalkEnded("anna", "operator"))
        elif self.timers:
            timer = min(self.timers, key=lambda name: self.timers[name])
            self.seconds = max(self.seconds, self.timers[timer])
            self.feed(ev.TimerFired(timer))
        else:
            return False
        return True


def goes_through(plan: Plan, events: list[ev.Event], hangs_up: bool) -> None:
    world = World(plan)
    world.feed(ev.Arrived("100", ""))
    for event in events:
        world.happens(event)
    if hangs_up:
        world.feed(ev.CallerHungUp())
        assert world.state.finished
    for _ in range(interpret.MOST_STEPS * 12):
        if world.state.finished:
            return
        assert world.passes(), "the call waits for something that never comes"
    pytest.fail("the call does not end")


@settings(max_examples=CALLS, suppress_health_check=SLOW, deadline=None)
@given(st.sampled_from(LINES), st.lists(_EVENTS, max_size=40), st.booleans())
def test_every_call_on_a_shipped_line_ends(plan: Plan, events: list[ev.Event], hangs_up: bool) -> None:
    goes_through(plan, events, hangs_up)


_SECTION = st.sampled_from(["welcome", "a", "b", "c"])
_WHEN_NOT = st.fixed_dictionaries({"go": _SECTION}, optional={"again": st.integers(0, 2), "say": st.just("hello")})
_ASKED = {"no_input": _WHEN_NOT, "no_match": _WHEN_NOT}
_STEPS = st.one_of(
    st.just({"say": "hello"}),
    st.just({"say": ["hello", {"number": "tries", "unit": "minute"}], "whole": True}),
    st.just("notices"),
    st.fixed_dictionaries(
        {
            "ask": st.just("hello"),
            "choices": st.lists(
                st.fixed_dictionaries(
                    {"key": st.integers(0, 9)}, optional={"go": _SECTION, "topic": st.just("access")}
                ),
                min_size=1,
                max_size=3,
            ),
            **_ASKED,
        },
        optional={"confirm": st.just({"below": 1.0, "before": "hello", "after": "hello"})},
    ),
    st.fixed_dictionaries({"collect": st.just("hello"), "into": st.just("name"), **_ASKED}),
    st.fixed_dictionaries({"rate": st.just("hello"), **_ASKED}),
    st.fixed_dictionaries(
        {"queue": st.just("people"), "refused": _SECTION},
        optional={
            **dict.fromkeys(("then", "full", "closed", "nobody"), _SECTION),
            "announce": st.just({"say": "hello"}),
            "callback": st.fixed_dictionaries({"say": st.just("hello"), "go": _SECTION, "refused": st.just("hello")}),
            "longest_wait": st.fixed_dictionaries({"seconds": st.just(60), "go": _SECTION}),
        },
    ),
    st.builds(lambda go: {"decide": [{"if": "tries > 2", "go": go}]}, _SECTION),
    st.just({"set": {"tries": "tries + 1"}}),
    st.fixed_dictionaries(
        {
            "look_up": st.just("request_status"),
            "with": st.just({"number": "name"}),
            "not_found": _SECTION,
            "failed": _SECTION,
        }
    ),
    st.fixed_dictionaries({"transfer": st.just("duty_officer"), "failed": _SECTION}, optional={"then": _SECTION}),
    st.just({"language": "ru"}),
    st.just({"call": "random"}),
    st.just("return"),
    st.builds(lambda go: {"go": go}, _SECTION),
    st.just({"hang_up": "hello"}),
)
_SECTIONS = st.fixed_dictionaries(
    {name: st.lists(_STEPS, min_size=1, max_size=5) for name in ("welcome", "a", "b", "c")}
)


@settings(max_examples=max(CALLS // 3, 1), suppress_health_check=SLOW, deadline=None)
@given(_SECTIONS, st.lists(_EVENTS, max_size=30), st.booleans())
def test_every_call_on_any_plan_ends(sections: Mapping[str, Any], events: list[ev.Event], hangs_up: bool) -> None:
    """Even on plans that the checker would refuse."""
    head = {"plan": "random", "languages": ["ru"], "start": "welcome", "variables": {"tries": "number", "name": "text"}}
    document = read(json.dumps({**head, "sections": sections}), "random.yaml")
    parsed = parse(document)
    assert document.findings == []
    assert parsed.head is not None
    plan = Plan(
        name="random",
        title="",
        lines=(),
        languages=("ru",),
        time_zone="Europe/Moscow",
        variables=parsed.head.variables,
        hours={},
        start="welcome",
        sections={name: tuple(step for _, step in steps) for name, steps in parsed.sections.items()},
        topics=TopicModel(()),
    )
    goes_through(plan, events, hangs_up)
