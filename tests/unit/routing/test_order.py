"""Changes come with answers and in the stream; no row ever goes back to what it was."""

from __future__ import annotations

import json
from dataclasses import asdict

from ivr.queue.model import QueuedOperator
from ivr.queue.order import Entry, Order, entry_id


def entry(at: int, *states: tuple[str, str]) -> Entry:
    """What operators did at a moment of the stream: (name, state)."""
    operators = [asdict(QueuedOperator(name, state, at, at)) for name, state in states]  # type: ignore[arg-type]
    rows = json.dumps({"calls": [], "gone": [], "operators": operators, "queues": []}).encode()
    return Entry((at, 0), "ready", rows)


def states(order: Order, way: str, told: Entry) -> dict[str, str] | None:
    change = order.answered(told) if way == "answer" else order.streamed(told)
    return None if change is None else {row.name: row.state for row in change.operators}


def test_an_answer_is_news_once() -> None:
    order = Order((0, 0))
    assert states(order, "answer", entry(1, ("anna", "ready"))) == {"anna": "ready"}
    assert states(order, "answer", entry(1, ("anna", "ready"))) is None
    assert states(order, "stream", entry(1, ("anna", "ready"))) is None
    assert states(order, "stream", entry(2, ("anna", "paused"))) == {"anna": "paused"}


def test_an_answer_that_comes_after_the_stream_says_nothing_new() -> None:
    order = Order((0, 0))
    assert states(order, "stream", entry(1, ("anna", "ready"))) == {"anna": "ready"}
    assert states(order, "answer", entry(1, ("anna", "ready"))) is None


def test_what_was_loaded_is_not_undone_by_a_late_answer() -> None:
    assert states(Order((5, 0)), "answer", entry(5, ("anna", "ready"))) is None


def test_the_stream_does_not_undo_what_an_answer_told() -> None:
    order = Order((0, 0))
    assert states(order, "answer", entry(3, ("anna", "talking"))) == {"anna": "talking"}
    assert states(order, "stream", entry(2, ("anna", "ready"), ("boris", "ready"))) == {"boris": "ready"}
    assert states(order, "answer", entry(1, ("anna", "gone"))) is None


def test_answers_that_overtake_each_other_leave_the_newest() -> None:
    order = Order((0, 0))
    assert states(order, "answer", entry(4, ("anna", "offered"))) == {"anna": "offered"}
    assert states(order, "answer", entry(3, ("anna", "ready"), ("boris", "gone"))) == {"boris": "gone"}
    for at, row in ((3, "ready"), (4, "offered")):
        assert states(order, "stream", entry(at, ("anna", row))) is None
    assert states(order, "stream", entry(5, ("anna", "paused"))) == {"anna": "paused"}


def test_places_are_numbers_not_texts() -> None:
    assert entry_id(b"10-9") < entry_id(b"10-10") < entry_id("11-0")
