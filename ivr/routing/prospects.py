"""What those who wait are told, and the talks that it is reckoned from. No clock: who asks says what time it is."""

from __future__ import annotations

import json

from ivr.call.events import CallId
from ivr.queue.model import Change, QueuedCall
from ivr.routing.estimate import Correction, ExpectedWait, TalkTimes, told_next
from ivr.routing.outlook import outlook
from ivr.routing.policy import Policy
from ivr.routing.view import QueueView

_ANY_TOPIC = ""


class Prospects:
    """Expected waits of one controller's calls: each is never later than it was told before."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._talk_times = TalkTimes()
        self._correction = Correction()
        self._reckoned: dict[CallId, ExpectedWait] = {}
        self._told: dict[CallId, tuple[float, ExpectedWait | None]] = {}

    def talk_seconds(self, now: float) -> float:
        """Mean time that a call, of whatever topic, takes an operator at this hour."""
        return self._talk_times.mean(_ANY_TOPIC, now)

    def reckon(self, view: QueueView, row: QueuedCall, now: float) -> ExpectedWait | None:
        """How long a call that is about to enter should wait, for `tell`; None when nobody can say."""
        return outlook(view, row, self._policy, self._talk_times, now)

    def of_newcomer(self, view: QueueView, row: QueuedCall, now: float) -> ExpectedWait | None:
        """What somebody may be told who has not called yet; nobody is held to it."""
        reckoned = self.reckon(view, row, now)
        return self._correction.of(reckoned) if reckoned else None

    def tell(self, call: CallId, reckoned: ExpectedWait | None, now: float) -> ExpectedWait | None:
        """What the caller, who has entered, is told: what was reckoned, as far as such estimates have held."""
        told = self._correction.of(reckoned) if reckoned else None
        self._told[call] = now, told
        if reckoned:
            self._reckoned[call] = reckoned
        return told

    def next_of(self, view: QueueView, row: QueuedCall, now: float) -> ExpectedWait | None:
        """How long a waiting call will wait from now; whoever asks tells the caller."""
        told_at, told = self._told.get(row.call, (now, None))
        reckoned = outlook(view, row, self._policy, self._talk_times, now)
        expected = told_next(told, now - told_at, self._correction.of(reckoned) if reckoned else None)
        self._told[row.call] = now, expected
        return expected

    def learnt(self) -> str:
        """Talk times and corrections as JSON, for `recall`."""
        return json.dumps(
            {
                "talk_seconds": [(topic, hour, mean) for (topic, hour), mean in self._talk_times.means.items()],
                "corrections": [(size, *ends) for size, ends in self._correction.factors.items()],
            }
        )

    def recall(self, learnt: str) -> None:
        """Go on from what another controller had learnt; what cannot be read is of another version."""
        try:
            kept = json.loads(learnt)
            talk_times = TalkTimes({(topic, hour): mean for topic, hour, mean in kept["talk_seconds"]})
            correction = Correction({size: (low, high) for size, low, high in kept["corrections"]})
        except (KeyError, TypeError, ValueError):
            return
        self._talk_times, self._correction = talk_times, correction

    def take(self, change: Change, view: QueueView) -> None:
        """Learn from talks that begin, and from those that are over; `view` as it was before the change."""
        for answered in change.calls:
            if answered.state == "talking" and (reckoned := self._reckoned.pop(answered.call, None)):
                self._correction = self._correction.after(reckoned, answered.connected_at - answered.entered_at)
        for row in (view.calls.get(call) for call in change.gone):
            if row and row.state == "talking":
                ended_at = max((operator.since for operator in change.operators), default=row.connected_at)
                seconds = ended_at - row.connected_at + self._policy.wrap_up_seconds
                for topic in {row.topic, _ANY_TOPIC}:
                    self._talk_times = self._talk_times.after(topic, ended_at, seconds)
        for call in change.gone:
            self._told.pop(call, None)
            self._reckoned.pop(call, None)
