"""A call on a plan that is written in the test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ivr.call import effects as fx
from ivr.call import events as ev
from ivr.dialplan import interpret
from ivr.dialplan.check_draft import Known
from ivr.dialplan.model import Plan
from ivr.dialplan.source import read_plans
from ivr.dialplan.state import Now, State
from ivr.speech.topics import TopicModel, load_topics

ROOT = Path(__file__).parents[4]
TOPICS = load_topics(ROOT / "dialplans" / "topics.yaml")
NOW = Now(datetime(2026, 11, 23, 9, tzinfo=UTC), 0.0, rings_back=True)
HEAD = "plan: one\nlanguages: [ru]\nvariables: {number: text}\nstart: first\nsections:\n"
BYE = "  bye:\n    - hang_up: goodbye\n"


class Call:
    """A call on a plan that is written in the test."""

    def __init__(self, tmp_path: Path, sections: str, topics: TopicModel = TOPICS, now: Now = NOW) -> None:
        file = tmp_path / "one.yaml"
        file.write_text(HEAD + sections + BYE, encoding="utf-8")
        plans, findings = read_plans([file], topics, Known())
        assert [str(finding) for finding in findings if finding.severity == "error"] == []
        self.plan: Plan = plans[0]
        self.now = now
        self.state: State = interpret.begin(self.plan, "100", "+79001234567", now)
        self.feed(ev.Arrived("100", "+79001234567"))

    def feed(self, event: ev.Event) -> Sequence[fx.Effect]:
        self.state, self.effects = interpret.step(self.plan, self.state, event, self.now)
        return self.effects

    def prompts_end(self) -> Sequence[fx.Effect]:
        assert self.state.playing is not None
        return self.feed(ev.PromptFinished(self.state.playing))

    def notes(self) -> list[str]:
        return [effect.kind for effect in self.effects if isinstance(effect, fx.Note)]

    def played(self) -> list[str]:
        return [prompt for effect in self.effects if isinstance(effect, fx.Play) for prompt in effect.prompts]


ASK = """  first:
    - ask: question
      choices:
        - {key: 1, topic: access, go: bye}
        - {key: 2, words: [да], go: bye}
      by_keys: question_keys
      no_input: {say: louder, again: 1, go: bye}
      no_match: {say: clearer, again: 1, go: bye}
"""
