"""One controller's view of the queue: built from the store's rows, then kept by every change. Shell, no policy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from ivr.clock import Clock
from ivr.errors import StoreUnavailable
from ivr.queue.model import Change, QueuedOperator
from ivr.queue.order import Entry, Order, entry_id
from ivr.queue.store import QueueStore
from ivr.routing.delivery import Delivery
from ivr.routing.owed import Owed
from ivr.routing.prospects import Prospects
from ivr.routing.reconcile import reconcile
from ivr.routing.skills import Profile
from ivr.routing.view import QueueView

STORE_RETRY_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class Follower:
    """`view` is the queue as it stands, another one after the store was away; `complete` while it is kept up to date.

    Each change goes to the `delivery` of offers, to the `prospects` of those who wait, and wakes up who decides.
    """

    def __init__(
        self,
        store: QueueStore,
        clock: Clock,
        profiles: Iterable[Profile],
        *,
        name: str,
        delivery: Delivery,
        prospects: Prospects,
        owed: Owed,
    ) -> None:
        self._store = store
        self._clock = clock
        self._profiles = tuple(profiles)
        self._name = name
        self._delivery = delivery
        self._prospects = prospects
        self._owed = owed
        self._order = Order((0, 0))
        self.view = QueueView(self._profiles)
        self.complete = asyncio.Event()
        self.on_change: Callable[[], None] = lambda: None
        self.on_operators: Callable[[Sequence[QueuedOperator]], None] = lambda _: None
        store.tell_commits(self._take_answer)

    async def run(self) -> None:
        """Follow the store's changes until cancelled."""
        while True:
            try:
                position, rows = await reconcile(self._store, self.view, self._owed, self._name, self._clock)
                self.view, self._order = QueueView(self._profiles), Order(entry_id(position))
                self._take(replace(rows, gone=self._delivery.missing_from(rows.calls)))
                self.complete.set()
                async with aclosing(self._store.feed.follow(position)) as batches:
                    async for entries in batches:
                        for entry in entries:
                            self._take(self._order.streamed(entry))
            except StoreUnavailable as error:
                self.complete.clear()
                _log.warning("store lost, following again", reason=str(error))
                await asyncio.sleep(STORE_RETRY_SECONDS)

    def _take_answer(self, entry: Entry) -> None:
        """A command of ours has changed something: know it now, and not only when the stream tells."""
        if self.complete.is_set():
            self._take(self._order.answered(entry))

    def _take(self, change: Change | None) -> None:
        if change is None:
            return
        self._prospects.take(change, self.view)
        self.view.apply(change)
        self._delivery.take(change, self.view.operators)
        self.on_operators(change.operators)
        self.on_change()
