"""Which offers the sessions of one controller know, and what they must be told when rows change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ivr.call.events import CallId
from ivr.queue.model import Change, Offer, QueuedCall, QueuedOperator


class Delivery:
    """Turns rows of calls into `deliver` and `withdraw`, each once for an offer."""

    def __init__(self, controller: str, deliver: Callable[[Offer], None], withdraw: Callable[[Offer], None]) -> None:
        self._controller = controller
        self._deliver = deliver
        self._withdraw = withdraw
        self._offers: dict[CallId, dict[str, Offer | None]] = {}  # None: ended by the session itself

    def take(self, change: Change, operators: Mapping[str, QueuedOperator]) -> None:
        """Tell the sessions what the change means to them; `operators` as they are with it."""
        for row in change.calls:
            if row.controller == self._controller:
                self._compare(row, operators)
        for call in change.gone:
            for offer in self._offers.pop(call, {}).values():
                if offer:
                    self._withdraw(offer)

    def missing_from(self, calls: Iterable[QueuedCall]) -> tuple[CallId, ...]:
        """Calls with offers that the store no longer has: they left while nobody followed."""
        known = {row.call for row in calls}
        return tuple(call for call in self._offers if call not in known)

    def ended(self, offer: Offer) -> None:
        """The session itself ends the offer: it need not be told."""
        if offer.call in self._offers:
            self._offers[offer.call][offer.offer] = None

    def left(self, call: CallId) -> None:
        """The session itself takes the call out."""
        self._offers.pop(call, None)

    def _compare(self, row: QueuedCall, operators: Mapping[str, QueuedOperator]) -> None:
        known = self._offers.setdefault(row.call, {})
        for gone in [offer for offer in known.values() if offer and offer.offer not in row.offers.values()]:
            known[gone.offer] = None
            self._withdraw(gone)
        for name, identity in row.offers.items():
            operator = operators.get(name)
            if identity not in known and operator and operator.offer == identity:
                seconds = round(operator.until_at - operator.since, 1)
                known[identity] = offer = Offer(identity, row.call, name, seconds, row.reason, row.callback, row.tries)
                self._deliver(offer)
