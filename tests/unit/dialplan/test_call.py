"""A call through the shipped federal plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.call.effects import Answer, EnterQueue, HangUp, Listen, Note, Play, SetTimer, StopPlaying
from ivr.call.events import (
    Arrived,
    Connected,
    Event,
    Heard,
    Offered,
    PromptFinished,
    Queued,
    SpeechStarted,
    TalkEnded,
    TimerFired,
)
from ivr.dialplan.interpret import begin, step
from ivr.dialplan.source import load_plans
from ivr.dialplan.state import Now
from ivr.speech.topics import load_topics

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("wanted", "spoken"), [("en", "en"), ("ru", "ru"), ("", "ru"), ("tt", "ru")])
def test_a_call_begins_in_the_language_of_the_page_where_its_plan_speaks_it(wanted: str, spoken: str) -> None:
    plan = load_plans(ROOT / "dialplans", load_topics(ROOT / "dialplans/topics.yaml")).for_line("88005553535")
    assert plan is not None
    state = begin(plan, "88005553535", "", Now(datetime(2026, 11, 23, 12, tzinfo=UTC), 0.0), "access", wanted)
    assert state.language == spoken


def test_spoken_topic_leads_to_the_queue() -> None:
    plan = load_plans(ROOT / "dialplans", load_topics(ROOT / "dialplans/topics.yaml")).for_line("88005553535")
    assert plan is not None
    now = Now(datetime(2026, 11, 23, 12, tzinfo=UTC), 0.0)
    state = begin(plan, "88005553535", "79001234567", now)
    kinds: list[str] = []

    def feed(event: Event) -> list[object]:
        nonlocal state
        state, effects = step(plan, state, event, now)
        kinds.extend(effect.kind for effect in effects if isinstance(effect, Note))
        return [effect for effect in effects if not isinstance(effect, Note)]

    effects = feed(Arrived("88005553535", "79001234567"))
    assert effects[0] == Answer()
    for _ in ("greeting", "notice"):
        playback = next(effect.playback for effect in effects if isinstance(effect, Play))
        effects = feed(PromptFinished(playback))
    effects = feed(TimerFired(next(effect.timer for effect in effects if isinstance(effect, SetTimer))))
    assert isinstance(effects[0], Play)
    listen = next(effect for effect in effects if isinstance(effect, Listen))
    assert feed(SpeechStarted(listen.listening))[0] == StopPlaying(effects[0].playback)
    effects = feed(Heard(listen.listening, "не могу войти в личный кабинет"))
    request = next(effect for effect in effects if isinstance(effect, EnterQueue))
    assert request == EnterQueue("people", "access", "ru")
    for event in (Queued("people", 1), Offered("anna"), Connected("anna")):
        feed(event)
    effects = feed(TalkEnded("anna", "operator"))
    goodbye = next(effect.playback for effect in effects if isinstance(effect, Play))
    assert isinstance(feed(PromptFinished(goodbye))[-1], HangUp)
    assert state.finished
    assert kinds == [
        *("answered", "said", "consent_asked", "said", "consent", "menu", "heard", "topic", "queued", "said")
    ]
