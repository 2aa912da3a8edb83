"""Changes in their order, though they come by two ways: with the answer to a command, and in the stream. Pure.

The answer is there one trip to the store earlier; the stream has everybody's changes and misses none. Whichever is
first is taken, and no row ever goes back to what it was before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.queue import rows
from ivr.queue.model import Change

EntryId = tuple[int, int]
"""Place of a change in the stream."""

_RowName = tuple[str, str]  # kind, name


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the store wrote it down; `change` reads its rows."""

    id: EntryId
    cause: str
    rows: bytes

    def change(self) -> Change:
        """The change itself; to read its JSON costs more than to know that it is not needed."""
        return rows.change(self.cause, self.rows)


def entry_id(text: bytes | str) -> EntryId:
    """Place of an entry as the store writes it, such as `1700000000000-0`."""
    milliseconds, _, number = (text.decode() if isinstance(text, bytes) else text).partition("-")
    return int(milliseconds), int(number)


class Order:
    """What a view that was loaded at `position` of the stream is to take over, and when.

    Remembered is only what answers told before the stream did.
    """

    def __init__(self, position: EntryId) -> None:
        self._position = position
        self._answered: dict[EntryId, tuple[_RowName, ...]] = {}
        self._newest: dict[_RowName, EntryId] = {}

    def answered(self, entry: Entry) -> Change | None:
        """An answer has come; None when the stream was faster."""
        if entry.id <= self._position or entry.id in self._answered:
            return None
        change = self._forward(entry)
        names = self._answered[entry.id] = _names(change)
        self._newest.update(dict.fromkeys(names, entry.id))
        return change

    def streamed(self, entry: Entry) -> Change | None:
        """The next entry of the stream has come; None when its answer was faster."""
        self._position = entry.id
        if (names := self._answered.pop(entry.id, None)) is None:
            return self._forward(entry)
        for name in names:
            if self._newest[name] == entry.id:
                del self._newest[name]
        return None

    def _forward(self, entry: Entry) -> Change:
        """The change without the rows of which something newer is known."""
        change = entry.change()
        if not self._newest:
            return change

        def newer(kind: str, name: str) -> bool:
            return self._newest.get((kind, name), entry.id) <= entry.id

        return Change(
            change.cause,
            calls=tuple(row for row in change.calls if newer("call", row.call)),
            gone=tuple(call for call in change.gone if newer("call", call)),
            operators=tuple(row for row in change.operators if newer("operator", row.name)),
            queues=tuple(row for row in change.queues if newer("queue", row.queue)),
        )


def _names(change: Change) -> tuple[_RowName, ...]:
    return (
        *(("call", row.call) for row in change.calls),
        *(("call", call) for call in change.gone),
        *(("operator", row.name) for row in change.operators),
        *(("queue", row.queue) for row in change.queues),
    )
