"""What a call in the queue may expect: the view's figures put into `estimate`. Pure."""

from __future__ import annotations

from ivr.queue.model import QueuedCall
from ivr.routing.estimate import ExpectedWait, TalkTimes, expected_wait
from ivr.routing.skills import need
from ivr.routing.view import QueueView


def outlook(view: QueueView, call: QueuedCall, talk_times: TalkTimes, now: float) -> ExpectedWait | None:
    """Expected wait of `call` from `now` on; None when nobody who could take it works.

    Calls of other lines compete as far as their operators are the same ones.
    """
    line = view.line(need(call.queue, call.topic, call.language, call.skills))
    ahead = line.calls.ahead_of(call.rank) + line.late.ahead_of(call.rank)
    competing = sum(
        other.calls.ahead_of(call.rank) + other.late.ahead_of(call.rank)
        for other in view.crowded.values()
        if other is not line
    )
    everybody = max(1, len(view.working))
    # Who serves several lines is there for each of them in part: as if the line had its operators' share of all calls.
    ahead_of_all = ahead + competing * line.working / everybody
    return expected_wait(round(ahead_of_all), line.working, len(line.free), talk_times.mean(call.topic, now))
