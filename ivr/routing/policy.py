"""What an owner of a line may tune about routing. All times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """The defaults come from `make bench ONLY=share_30s_gap_closed`.

    target_seconds          an operator should answer within this from the entry into the queue
    urgency_seconds         one step of priority counts as so much earlier an entry
    answer_seconds          reaction of an operator to a ring: who has less than that left is late
    starvation_seconds      who has waited so long starves
    turns_owed_at_most      who lets a starving call wait owes turns to the longest waiting ones: one, and another for
                            each further half of starvation_seconds, up to so many
    widen_after_seconds     when operators of level 1, 2, 3… may be asked; the last is for operators of other queues
    ring_share              share of what is left of the target that one operator may ring
    ring_seconds            shortest and longest ring
    short_tail              while no more calls are late than so many for each operator, in all lines that one serves,
                            who starves is not passed at all: it costs others little
    threat_factor           a topic threatens its target when so many times the calls wait that its experts take in time
    redistribute_seconds    how often operators may be lent to another topic, or sent home
    misses_allowed          unanswered rings in a row after which an operator is paused
    not_again_seconds       an operator who did not take a call is not offered it again for so long
    preferred_seconds       a repeat caller waits so long for the operator who knows the case
    parallel_after_seconds  who has waited so long, or was missed once, rings at two operators if one is to spare
    keep_place_seconds      a caller who was cut off and calls again within so long has the place back
    wrap_up_seconds         time after a talk before the next call
    """

    target_seconds: float = 30.0
    urgency_seconds: float = 180.0
    answer_seconds: float = 3.0
    starvation_seconds: float = 120.0
    turns_owed_at_most: int = 6
    short_tail: float = 0.6
    widen_after_seconds: tuple[float, ...] = (0.0, 3.0, 8.0, 20.0)
    ring_share: float = 0.4
    ring_seconds: tuple[float, float] = (6.0, 12.0)
    threat_factor: float = 6.0
    redistribute_seconds: float = 10.0
    misses_allowed: int = 2
    not_again_seconds: float = 20.0
    preferred_seconds: float = 10.0
    parallel_after_seconds: float = 15.0
    keep_place_seconds: int = 300
    wrap_up_seconds: float = 15.0

    def ring_for(self, waited_seconds: float) -> float:
        """How long an operator may ring for a call that has waited so long: from what is left, never a fixed time."""
        shortest, longest = self.ring_seconds
        left = self.target_seconds - waited_seconds
        if left <= 0:
            return longest  # nothing to save by asking the next one sooner
        return round(min(longest, max(shortest, left * self.ring_share)), 1)

    def turns_owed(self, waited_seconds: float) -> int:
        """Turns that an operator owes who passes a call which has waited so long."""
        return min(self.turns_owed_at_most, int(2 * waited_seconds / self.starvation_seconds) - 1)

    def opens_after(self, level: int) -> float:
        """Seconds of waiting after which operators of this level (from 1) may be asked."""
        return self.widen_after_seconds[min(level, len(self.widen_after_seconds)) - 1]

    def open_levels(self, waited_seconds: float) -> int:
        """How many levels are open for a call that has waited so long."""
        return sum(after <= waited_seconds for after in self.widen_after_seconds)
