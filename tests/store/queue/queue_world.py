"""A real server beside the plain model of the queue, and what must hold in both after every command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant
from redis.asyncio import Redis

from ivr.call.events import CallId
from ivr.queue import keys
from ivr.queue.model import Change, Offer
from ivr.queue.order import Entry, Order, entry_id
from ivr.queue.store import QueueStore
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView
from tests.store.queue.queue_model import QueueModel, of_call, of_operator

BACKS = [CallId(f"back{number}") for number in range(3)]
CALLS = [CallId(f"call{number}") for number in range(5)] + BACKS
OPERATORS = [f"operator{number}" for number in range(3)]
LIMIT = 4

calls = st.sampled_from(CALLS)
operators = st.sampled_from(OPERATORS)
T = TypeVar("T")


class QueueWorld(RuleBasedStateMachine):
    """`view` follows the stream; `hasty` takes answers and entries as they come, in an order that chance draws."""

    port: int

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = Redis(host="127.0.0.1", port=self.port, socket_timeout=None)
        self.store = QueueStore(self.redis)
        self.wait(self.redis.flushall())
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

    def teardown(self) -> None:
        self.wait(self.redis.aclose())
        self.runner.close()

    def wait(self, awaitable: Awaitable[T]) -> T:
        async def run() -> T:
            return await awaitable

        return self.runner.run(run())

    def offer_is_open(self, offer: Offer) -> bool:
        call = self.calls.get(offer.call)
        return call is not None and call.offers.get(offer.operator) == offer.offer

    @invariant()
    def redis_is_as_the_model(self) -> None:
        _, rows = self.wait(self.store.feed.load())
        self.rows = {row.name: row for row in rows.operators}
        assert {row.call: of_call(row) for row in rows.calls} == {
            name: asdict(call) for name, call in self.calls.items()
        }
        assert {row.name: of_operator(row) for row in rows.operators} == {
            name: asdict(person) for name, person in self.operators.items()
        }
        asked = self.redis.pipeline(transaction=False)
        for queue in ("q", "other"):
            asked.zrange(keys.waiting(queue), 0, -1)
        asked.xrange(keys.CHANGES, min=f"({self.position}")
        *standing, entries = self.wait(asked.execute())
        for queue, line in zip(("q", "other"), standing, strict=True):
            assert [name.decode() for name in line] == self.model.standing(queue)
        self.check_promises(rows)
        self.check_view(rows, entries)

    def check_promises(self, rows: Change) -> None:
        """What callers and operators are promised, checked on the rows without the model."""
        ringing = [(name, row.call) for row in rows.calls for name in row.offers]
        talking = [
            (name, row.call)
            for row in rows.calls
            if row.state == "talking"
            for name in (row.operator, row.asked_in)
            if name
        ]
        busy = [name for name, _ in ringing + talking]
        assert len(busy) == len(set(busy)), "an operator has two calls"
        has_call = [(row.name, row.call) for row in rows.operators if row.call]
        assert sorted(has_call) == sorted(ringing + talking)
        assert all(not row.offers for row in rows.calls if row.state == "talking")
        assert all(bool(row.offers) == (row.state == "offered") for row in rows.calls)

    def check_view(self, rows: Change, entries: Any) -> None:
        """Whoever follows the changes sees the same rows."""
        for entry, fields in entries:
            self.position = entry.decode()
            self.streamed.append(Entry(entry_id(entry), fields[b"cause"].decode(), fields[b"rows"]))
            self.view.apply(self.streamed[-1].change())
        assert self.view.calls == {row.call: row for row in rows.calls}
        assert self.view.operators == {row.name: row for row in rows.operators}
