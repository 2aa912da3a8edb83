"""The floor under Asterisk's app_queue, as a careful admin sets it up: a queue a topic, operators as members with a
penalty for second and third skills, `strategy=rrmemory`, `autofill=yes`, `ringinuse=no`, `shared_lastcall=yes`; ring
15 s and retry 5 s, autopause off, as by default. Defaults that would make it slower are not used: `ringall` and
`autofill=no` serve one caller at a time, and without `shared_lastcall` another queue ends a wrap-up.

What is modelled because it decides how long callers wait, after app_queue.c of Asterisk 22: a caller whose turn has not
come looks again every second; a caller is in turn when fewer callers than available members stand ahead in the same
queue, those who ring already not counted; one member rings at a time, of the lowest penalty that has anybody available,
the next one round; an unanswered ring costs 15 s, then the retry, then another look; queues know nothing of each other,
so a free operator goes to whichever caller looks first.

`tuned` has two later options on that admins seldom find: `autopause=yes`, so that who misses a ring gets no more before
coming back, and `force_longest_waiting_caller=yes`, so that a member is not rung while another queue of his has a
caller who has waited longer (app_queue then takes the member for busy, and the caller waits for the retry).
"""

from __future__ import annotations

from functools import partial
from math import inf

from bench.floor.clockwork import Clockwork
from bench.floor.day import BACK_TO_DESK_SECONDS, LEVEL_SLOWDOWN, WRAP_UP_SECONDS, Caller, Day, Person

RING_SECONDS = 15.0
RETRY_SECONDS = 5.0
RECHECK_SECONDS = 1.0


class _Queue:
    def __init__(self, topic: str, day: Day) -> None:
        self.members = [person for person in day.people if topic in person.skills]
        self.topic = topic
        self.callers: list[Caller] = []
        self.ringing: dict[int, Person] = {}
        self.last = 0

    def longest_waiting(self) -> float:
        """When the first caller came who doesn't ring already."""
        return next((caller.at for caller in self.callers if caller.number not in self.ringing), inf)


class _Floor:
    def __init__(self, day: Day, *, tuned: bool) -> None:
        self.clock = Clockwork()
        self.tuned = tuned
        self.waits: dict[int, float] = {}
        self.busy: set[str] = set()
        self.rings: dict[int, int] = {}
        topics = {caller.topic for caller in day.callers}
        self.queues = {topic: _Queue(topic, day) for topic in topics}
        for caller in day.callers:
            self.clock.at(caller.at, partial(self.enter, caller))

    def enter(self, caller: Caller) -> None:
        self.queues[caller.topic].callers.append(caller)
        if caller.patience_seconds < inf:
            self.clock.at(caller.at + caller.patience_seconds, lambda: self.leave(caller))
        self.wait_our_turn(caller)

    def leave(self, caller: Caller) -> None:
        queue = self.queues[caller.topic]
        if caller in queue.callers:
            queue.callers.remove(caller)
            person = queue.ringing.pop(caller.number, None)
            if person is not None:
                self.busy.discard(person.name)

    def wait_our_turn(self, caller: Caller) -> None:
        queue = self.queues[caller.topic]
        if caller not in queue.callers:
            return
        available = [person for person in queue.members if person.name not in self.busy]
        ahead = 0
        for other in queue.callers:
            if other is caller:
                break
            ahead += other.number not in queue.ringing
        if ahead < len(available):
            self.ring(caller, queue, available)
        else:
            self.clock.at(self.clock.now + RECHECK_SECONDS, lambda: self.wait_our_turn(caller))

    def ring(self, caller: Caller, queue: _Queue, available: list[Person]) -> None:
        if self.tuned:
            available = [person for person in available if not self.needed_more(person, caller)]
            if not available:
                self.clock.at(self.clock.now + RETRY_SECONDS, lambda: self.wait_our_turn(caller))
                return
        lowest = min(person.skills[queue.topic] for person in available)
        choice = [person for person in available if person.skills[queue.topic] == lowest]
        person = min(choice, key=lambda one: (queue.members.index(one) - queue.last) % len(queue.members))
        queue.last = queue.members.index(person) + 1
        self.busy.add(person.name)
        queue.ringing[caller.number] = person
        ring = self.rings[caller.number] = self.rings.get(caller.number, -1) + 1
        answer_at = person.answers_at(self.clock.now, caller, ring)
        if answer_at <= self.clock.now + RING_SECONDS:
            self.clock.at(answer_at, lambda: self.talk(caller, queue, person))
        else:
            self.clock.at(self.clock.now + RING_SECONDS, lambda: self.missed(caller, queue, person, answer_at))

    def needed_more(self, person: Person, caller: Caller) -> bool:
        return any(self.queues[topic].longest_waiting() < caller.at for topic in person.skills if topic in self.queues)

    def missed(self, caller: Caller, queue: _Queue, person: Person, back_at: float) -> None:
        if queue.ringing.get(caller.number) is not person:
            return  # the caller has hung up meanwhile
        del queue.ringing[caller.number]
        if self.tuned:
            self.clock.at(back_at + BACK_TO_DESK_SECONDS, lambda: self.busy.discard(person.name))
        else:
            self.busy.discard(person.name)
        self.clock.at(self.clock.now + RETRY_SECONDS, lambda: self.wait_our_turn(caller))

    def talk(self, caller: Caller, queue: _Queue, person: Person) -> None:
        if queue.ringing.get(caller.number) is not person:
            return
        queue.callers.remove(caller)
        del queue.ringing[caller.number]
        self.waits[caller.number] = self.clock.now - caller.at
        seconds = caller.talk_seconds * LEVEL_SLOWDOWN[person.skills[queue.topic]] + WRAP_UP_SECONDS
        self.clock.at(self.clock.now + seconds, lambda: self.busy.discard(person.name))


def waits(day: Day, *, tuned: bool = False) -> dict[int, float]:
    """Caller → seconds from entering the queue to the operator's voice; who hung up before is not named."""
    floor = _Floor(day, tuned=tuned)
    floor.clock.run()
    return floor.waits
