"""The floor under Asterisk's app_queue, as a careful admin sets it up: a queue a topic, operators as members with a
penalty for second and third skills, `strategy=rrmemory`, `autofill=yes`, `ringinuse=no`, `shared_lastcall=yes`; ring
15 s, retry 5 s, autopause off as by default.

What is modelled because it decides how long callers wait: a caller whose turn has not come looks again every second;
a caller is in turn when fewer callers than available members stand ahead in the same queue; one member rings at a time,
of the lowest penalty that has anybody available; an unanswered ring costs 15 s and then the retry; queues know nothing
of each other, so a free operator goes to whichever caller looks first.
"""

from __future__ import annotations

from functools import partial

from bench.floor.clockwork import Clockwork
from bench.floor.day import LEVEL_SLOWDOWN, WRAP_UP_SECONDS, Caller, Day, Person

RING_SECONDS = 15.0
RETRY_SECONDS = 5.0
RECHECK_SECONDS = 1.0


class _Queue:
    def __init__(self, topic: str, day: Day) -> None:
        self.members = [person for person in day.people if topic in person.skills]
        self.topic = topic
        self.callers: list[Caller] = []
        self.ringing: set[int] = set()
        self.last = 0


class _Floor:
    def __init__(self, day: Day) -> None:
        self.clock = Clockwork()
        self.waits: dict[int, float] = {}
        self.busy: set[str] = set()
        self.rings: dict[int, int] = {}
        topics = {caller.topic for caller in day.callers}
        self.queues = {topic: _Queue(topic, day) for topic in topics}
        for caller in day.callers:
            self.clock.at(caller.at, partial(self.enter, caller))

    def enter(self, caller: Caller) -> None:
        self.queues[caller.topic].callers.append(caller)
        self.wait_our_turn(caller)

    def wait_our_turn(self, caller: Caller) -> None:
        queue = self.queues[caller.topic]
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
        lowest = min(person.skills[queue.topic] for person in available)
        choice = [person for person in available if person.skills[queue.topic] == lowest]
        person = min(choice, key=lambda one: (queue.members.index(one) - queue.last) % len(queue.members))
        queue.last = queue.members.index(person) + 1
        self.busy.add(person.name)
        queue.ringing.add(caller.number)
        ring = self.rings[caller.number] = self.rings.get(caller.number, -1) + 1
        answer_at = person.answers_at(self.clock.now, caller, ring)
        if answer_at <= self.clock.now + RING_SECONDS:
            self.clock.at(answer_at, lambda: self.talk(caller, queue, person))
        else:
            self.clock.at(self.clock.now + RING_SECONDS, lambda: self.missed(caller, queue, person))

    def missed(self, caller: Caller, queue: _Queue, person: Person) -> None:
        self.busy.discard(person.name)
        queue.ringing.discard(caller.number)
        self.clock.at(self.clock.now + RETRY_SECONDS, lambda: self.wait_our_turn(caller))

    def talk(self, caller: Caller, queue: _Queue, person: Person) -> None:
        queue.callers.remove(caller)
        queue.ringing.discard(caller.number)
        self.waits[caller.number] = self.clock.now - caller.at
        seconds = caller.talk_seconds * LEVEL_SLOWDOWN[person.skills[queue.topic]] + WRAP_UP_SECONDS
        self.clock.at(self.clock.now + seconds, lambda: self.busy.discard(person.name))


def waits(day: Day) -> dict[int, float]:
    """Caller → seconds from entering the queue to the operator's voice."""
    floor = _Floor(day)
    floor.clock.run()
    return floor.waits
