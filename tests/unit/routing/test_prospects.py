"""What is learnt from talks, and goes on from one controller to the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.call.events import CallId
from ivr.queue.model import Change, QueuedCall, QueuedOperator
from ivr.routing.estimate import ExpectedWait
from ivr.routing.policy import Policy
from ivr.routing.prospects import Prospects
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView

NOW = 1_700_000_000.0
RECKONED = ExpectedWait(20.0, 60.0)


def after_talks(prospects: Prospects, waited_seconds: float = 300.0) -> Prospects:
    """Thirty callers were told `RECKONED`, waited and talked for ten minutes."""
    view = QueueView([Profile("anna", {"access": 1})])
    for number in range(30):
        call = CallId(f"call{number}")
        prospects.tell(call, RECKONED, NOW)
        at = NOW + waited_seconds
        talk = QueuedCall(call, "people", "access", "ru", (), 0, "federal", "one", NOW, NOW, NOW, "", "talking")
        answered = Change("accept", calls=(_connected(talk, at),))
        prospects.take(answered, view)
        view.apply(answered)
        ended = Change("end_talk", gone=(call,), operators=(QueuedOperator("anna", "ready", at + 600, at + 600),))
        prospects.take(ended, view)
        view.apply(ended)
    return prospects


def _connected(call: QueuedCall, at: float) -> QueuedCall:
    return replace(call, operator="anna", connected_at=at)


def test_talks_teach_how_long_an_operator_is_taken_by_a_call_of_whatever_topic() -> None:
    assert after_talks(Prospects(Policy())).talk_seconds(NOW) > 400


def test_what_was_learnt_goes_on_in_the_next_controller() -> None:
    learned, next_one = after_talks(Prospects(Policy())), Prospects(Policy())
    fresh = next_one.tell(CallId("first"), RECKONED, NOW)
    next_one.recall(learned.learnt())

    assert next_one.talk_seconds(NOW) == learned.talk_seconds(NOW)
    told = next_one.tell(CallId("new"), RECKONED, NOW)
    assert told == learned.tell(CallId("new"), RECKONED, NOW) != fresh


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"talk_seconds": [["access", 9]], "corrections": []}', "\x00"])
def test_what_another_version_kept_changes_nothing(kept: str) -> None:
    prospects = after_talks(Prospects(Policy()))
    before = prospects.learnt()
    prospects.recall(kept)
    assert prospects.learnt() == before
