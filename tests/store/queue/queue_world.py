"""A real server beside the plain model of the queue, and what must hold in both after every command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from ivr.call.events import CallId
from ivr.queue import keys, rows
from ivr.queue.model import Offer, QueuedCall, QueuedOperator
from ivr.queue.order import Entry, Order, entry_id
from ivr.queue.store import QueueStore
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView
from tests.store.queue.queue_model import QueueModel, of_call, of_operator

BACKS = [CallId(f"back{number}") for number in range(3)]
CALLS = [CallId(f"call{number}") for number in range(5)] + BACKS
OPERATORS = [f"operator{number}" for number in range(3)]
LIMIT = 4
PATIENCE_SECONDS = 120.0
"""For one command. A busy machine may stand still for long; how fast the store is, others measure."""

_LOOKED_AT = (keys.CALLS, keys.OPERATORS, keys.waiting("q"), keys.waiting("other"), keys.CHANGES)
_LOOK = """
local calls, people, standing, elsewhere, changes = unpack(KEYS)
return {redis.call('HVALS', calls), redis.call('HVALS', people),
  redis.call('ZRANGE', standing, 0, -1), redis.call('ZRANGE', elsewhere, 0, -1),
  redis.call('XRANGE', changes, ARGV[1], '+')}
"""

calls = st.sampled_from(CALLS)
operators = st.sampled_from(OPERATORS)
T = TypeVar("T")


class QueueWorld(RuleBasedStateMachine):
    """`view` follows the stream; `hasty` takes answers and entries as they come, in an order that chance draws."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    redis: ClassVar[AsyncRedis]
    reading: ClassVar[Redis]
    checked: ClassVar[int] = 0
    """How often Redis was compared with the model, over all runs: after every step."""

    @classmethod
    @contextmanager
    def connected(cls, port: int) -> Iterator[None]:
        """For all runs. Commands go the product's way; what is compared is read by the shortest one."""
        cls.loop, cls.checked = asyncio.new_event_loop(), 0
        cls.redis, cls.reading = AsyncRedis(port=port, socket_timeout=None), Redis(port=port)
        try:
            yield
        finally:
            cls.loop.run_until_complete(cls.redis.aclose())
            cls.reading.close()
            cls.loop.close()

    def __init__(self) -> None:
        super().__init__()
        self.store = QueueStore(self.redis, command_seconds=PATIENCE_SECONDS)
        self.reading.flushall()
        self.now = 1_700_000_000.0
        self.model = QueueModel()
        self.calls, self.operators = self.model.calls, self.model.operators
        self.made: list[Offer] = []
        self.epochs: dict[str, int] = {}
        self.holder = ""
        self.epoch = 0
        self.closed = False
        self.places: dict[str, float] = {}
        self.view = QueueView([Profile(name, {}) for name in OPERATORS])
        self.position = "0-0"
        self.hasty = QueueView([Profile(name, {}) for name in OPERATORS])
        self.order = Order((0, 0))
        self.answers: list[Entry] = []
        self.streamed: list[Entry] = []
        self.store.tell_commits(self.answers.append)
        self.wait(self.store.configure_queue("q", now=self.now, limit=LIMIT))

    def wait(self, answer: Awaitable[T]) -> T:
        return self.loop.run_until_complete(answer)

    def offer_is_open(self, offer: Offer) -> bool:
        call = self.calls.get(offer.call)
        return call is not None and call.offers.get(offer.operator) == offer.offer

    @invariant()
    def redis_is_as_the_model(self) -> None:
        QueueWorld.checked += 1
        calls, people, *standing, entries = self.reading.eval(_LOOK, len(_LOOKED_AT), *_LOOKED_AT, f"({self.position}")
        self.rows = {row.call: row for row in map(call_row, calls)}
        self.people = {row.name: row for row in map(operator_row, people)}
        assert {name: of_call(row) for name, row in self.rows.items()} == {
            name: vars(call) for name, call in self.calls.items()
        }
        assert {name: of_operator(row) for name, row in self.people.items()} == {
            name: vars(person) for name, person in self.operators.items()
        }
        for queue, line in zip(("q", "other"), standing, strict=True):
            assert [name.decode() for name in line] == self.model.standing(queue)
        self.check_promises()
        self.check_view(entries)

    def check_promises(self) -> None:
        """What callers and operators are promised, checked on the rows without the model."""
        ringing = [(name, row.call) for row in self.rows.values() for name in row.offers]
        talking = [
            (name, row.call)
            for row in self.rows.values()
            if row.state == "talking"
            for name in (row.operator, row.asked_in)
            if name
        ]
        busy = [name for name, _ in ringing + talking]
        assert len(busy) == len(set(busy)), "an operator has two calls"
        has_call = [(row.name, row.call) for row in self.people.values() if row.call]
        assert sorted(has_call) == sorted(ringing + talking)
        assert all(len(row.offers) <= 2 for row in self.rows.values()), "a call rings at more than ever asked for"
        assert all(not row.offers for row in self.rows.values() if row.state == "talking")
        assert all(bool(row.offers) == (row.state == "offered") for row in self.rows.values())

    def check_view(self, entries: Any) -> None:
        """Whoever follows the changes sees the same rows."""
        for entry, (_, cause, _, changed) in entries:
            self.position = entry.decode()
            self.streamed.append(Entry(entry_id(entry), cause.decode(), changed))
            self.view.apply(self.streamed[-1].change())
        assert self.view.calls == self.rows
        assert self.view.operators == self.people


@lru_cache(maxsize=100)
def call_row(text: bytes) -> QueuedCall:
    return rows.call_row(json.loads(text))


@lru_cache(maxsize=100)
def operator_row(text: bytes) -> QueuedOperator:
    return rows.operator_row(json.loads(text))
