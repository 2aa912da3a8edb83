"""After the store was away: it is told what it missed, and given back what it lost.

Who calls and who talks is known to the controllers whose calls they are; so a store that was restarted empty, or with
data of a while ago, takes each controller's word for its own calls, and the newest word for an operator.
"""

from __future__ import annotations

import structlog

from ivr.clock import Clock
from ivr.queue.model import Change
from ivr.queue.store import QueueStore
from ivr.routing.owed import Owed
from ivr.routing.view import QueueView

_log = structlog.get_logger(__name__)


async def reconcile(
    store: QueueStore, known: QueueView, owed: Owed, controller: str, clock: Clock
) -> tuple[str, Change]:
    """Bring the store up to what `controller` knows; then its rows and position, as `QueueFeed.load` gives them."""
    if await store.feed.remembers():
        await owed.settle()
        return await store.feed.load()
    mine = tuple(row for row in known.calls.values() if row.controller == controller)
    operators, queues = tuple(known.operators.values()), tuple(known.queues.values())
    _log.warning("the store has lost data: giving it back", calls=len(mine), operators=len(operators))
    await store.restore(Change("restore", calls=mine, operators=operators, queues=queues))
    await owed.settle()
    _, found = await store.feed.load()
    for row in found.calls:
        if row.controller == controller and row.call not in known.calls:
            await store.leave(row.call, now=clock.wall())  # over long ago: the store's data are of a time before
    return await store.feed.load()
