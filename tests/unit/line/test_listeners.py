"""Who is told what happened to a channel, also when it happened unseen."""

from __future__ import annotations

from ivr.call.events import Event, PromptFinished
from ivr.line.listeners import Listeners


def test_a_prompt_that_asterisk_has_not_taken_yet_is_not_over() -> None:
    """Asked after it at once, Asterisk would know nothing of it, and the prompt would then play on over everything."""
    listeners, told = Listeners(), list[Event]()
    listeners.watch("caller", told.append)
    identity = listeners.playback("caller", "p6")
    assert list(listeners.catch_up({"caller": "Up"}, 0)) == []

    listeners.begun("caller", identity)
    assert list(listeners.catch_up({"caller": "Up"}, 0)) == [("caller", identity)]

    listeners.signal("caller", PromptFinished(identity))
    listeners.begun("caller", identity)  # the answer came after the end
    assert told == [PromptFinished("p6")]
    assert list(listeners.catch_up({"caller": "Up"}, 0)) == []
