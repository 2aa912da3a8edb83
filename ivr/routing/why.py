"""A call's way through the queue in words, from its journal: why this operator, why this wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_ENDS = {
    "no_answer": "did not answer",
    "declined": "declined",
    "unreachable": "could not be reached",
    "withdrawn": "was released before answering",
}


def why(records: Iterable[tuple[float, str, Mapping[str, Any]]]) -> tuple[str, ...]:
    """Sentences in the order of events.

    `records`: (wall seconds, kind, data) of one call, in order; of kinds queued, queue_refused, offered, offer_ended,
    connected, talk_ended, left and ended; other kinds are passed over. Times in the sentences count from the entry into
    the queue.
    """
    return tuple(_sentences(records))


def _sentences(records: Iterable[tuple[float, str, Mapping[str, Any]]]) -> Iterator[str]:
    queued_at: float | None = None
    vain_seconds, offered_at, offers = 0.0, 0.0, 0
    for at, kind, data in records:
        since = f"{at - queued_at:.1f} s" if queued_at is not None else "before the queue"
        if kind == "queued":
            queued_at = at
            yield f"Entered the queue {data.get('queue', '')} at position {data.get('position', '?')}.".replace(
                "  ", " "
            )
        elif kind == "queue_refused":
            yield f"The queue did not take the call: {data.get('reason', 'unknown reason')}."
        elif kind == "offered":
            offered_at, offers = at, offers + 1
            yield f"{since}: offered to {data.get('operator', '?')}, because: {data.get('reason', 'not recorded')}."
        elif kind == "offer_ended":
            vain_seconds += at - offered_at
            end = str(data.get("reason", ""))
            yield f"{since}: {data.get('operator', '?')} {_ENDS.get(end, end)}; the call went back to its place."
        elif kind == "connected":
            yield f"{since}: {data.get('operator', '?')} answered. {_account(at, queued_at, offers, vain_seconds)}"
        elif kind in ("left", "ended") and queued_at is not None and offers == 0:
            yield f"{since}: left the queue without an offer: no operator who could take the call was free."
            return


def _account(at: float, queued_at: float | None, offers: int, vain_seconds: float) -> str:
    """Where the wait went."""
    if queued_at is None:
        return "The journal has no entry into the queue."
    wait = at - queued_at
    if offers <= 1:
        return f"Wait {wait:.1f} s, one offer."
    return f"Wait {wait:.1f} s, of which {vain_seconds:.1f} s went into {offers - 1} offer(s) that nobody took."
