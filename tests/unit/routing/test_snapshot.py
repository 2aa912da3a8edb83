"""What status pages show of the queue is what a look at every single call would show."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ivr.call.events import CallId
from ivr.queue.model import Change, QueuedCall
from ivr.routing.snapshot import Crowd, snapshot
from ivr.routing.view import QueueView

NOW = 1000.0
names = st.sampled_from([CallId(f"call{number}") for number in range(8)])
rows = st.builds(
    QueuedCall,
    call=names,
    queue=st.sampled_from(["people", "other"]),
    topic=st.sampled_from(["forms", "status"]),
    language=st.just("ru"),
    skills=st.just(()),
    priority=st.just(0),
    line=st.just("federal"),
    controller=st.just("one"),
    entered_at=st.integers(900, 950).map(float),
    place=st.just(900.0),
    rank=st.integers(880, 950).map(float),
    waiting_key=st.just(""),
    state=st.sampled_from(["waiting", "waiting", "offered", "talking"]),
)


@given(st.lists(st.one_of(rows, names), max_size=40))
def test_counts_order_and_oldest_are_those_of_the_calls(changes: list[QueuedCall | CallId]) -> None:
    view, calls = QueueView(()), dict[CallId, QueuedCall]()
    for change in changes:
        if isinstance(change, QueuedCall):
            row = replace(change, offers={"anna": "1"} if change.state == "offered" else {})
            calls[row.call] = row
            view.apply(Change("test", calls=(row,)))
        else:
            calls.pop(change, None)
            view.apply(Change("test", gone=(change,)))
    seen = snapshot(view, NOW)
    waiting = sorted((row for row in calls.values() if row.state != "talking"), key=lambda row: (row.rank, row.call))
    assert [call.call for call in seen.waiting] == [row.call for row in waiting]
    assert (seen.waiting_count, seen.talking_count) == (len(waiting), len(calls) - len(waiting))
    assert seen.by_topic == crowds([(row.topic, row) for row in waiting])
    assert seen.by_queue == crowds([(row.queue, row) for row in waiting])


def crowds(waiting: list[tuple[str, QueuedCall]]) -> dict[str, Crowd]:
    found: dict[str, Crowd] = {}
    for name in {name for name, _ in waiting}:
        since = [row.entered_at for other, row in waiting if other == name]
        found[name] = Crowd(len(since), min(since))
    return found
