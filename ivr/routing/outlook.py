"""What a call in the queue may expect: the view's figures put into `estimate`. Pure."""

from __future__ import annotations

from ivr.queue.model import QueuedCall
from ivr.routing.estimate import ExpectedWait, TalkTimes, expected_wait
from ivr.routing.policy import Policy
from ivr.routing.skills import need
from ivr.routing.view import QueueView


def outlook(
    view: QueueView, call: QueuedCall, policy: Policy, talk_times: TalkTimes, now: float
) -> ExpectedWait | None:
    """Expected wait of `call` from `now` on; None when nobody who could take it works.

    Who can still be answered in time competes with those like it; who can't, with everybody who came before. On the
    border between the two nobody can know which it will be, so the range spans both. Calls of other lines compete as
    far as their operators are the same ones.
    """
    line = view.line(need(call.queue, call.topic, call.language, call.skills))
    share = line.working / max(1, len(view.working))
    others = [other for other in view.crowded.values() if other is not line]
    fresh = line.fresh_ahead_of(call.rank) + share * sum(other.fresh_ahead_of(call.rank) for other in others)
    late = line.late.ahead_of(call.rank) + share * sum(other.late.ahead_of(call.rank) for other in others)
    seconds, free = talk_times.mean(call.topic, now), len(line.free)
    left = policy.target_seconds - (now - call.place)
    in_time = expected_wait(round(fresh), line.working, free, seconds)
    if in_time is None:
        return None
    if in_time.seconds <= left:
        return in_time.with_ring(policy.answer_seconds)
    passed = expected_wait(round(fresh + late), line.working, free, seconds) or in_time
    return ExpectedWait(
        min(passed.low_seconds, max(in_time.low_seconds, passed.low_seconds / 2)), passed.high_seconds
    ).with_ring(policy.answer_seconds)


def position(view: QueueView, call: QueuedCall) -> int:
    """Place of the call among those who wait in its queue, from 1; calls that ring already are no longer ahead."""
    return 1 + sum(line.ahead_of(call.rank) for line in view.crowded.values() if line.need.queue == call.queue)
