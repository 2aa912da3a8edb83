"""What the hotline's journal tells about the calls that we place.

A call is found by the SIP Call-ID of our own INVITE, which the hotline writes into its `arrived` record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from ivr.journal.record import Record


class Story:
    """The records of one call so far. `menus` gets the attempt, from 1, each time the hotline asks for something;
    `asked_for_consent` is set when it asks whether the call may be recorded."""

    def __init__(self, sip_call_id: str = "") -> None:
        self.sip_call_id = sip_call_id
        self.records: list[Record] = []
        self.menus: asyncio.Queue[int] = asyncio.Queue()
        self.asked_for_consent = asyncio.Event()
        self.connected = asyncio.Event()
        self.ended = asyncio.Event()
        self._tell: Callable[[Record], None] | None = None

    def tell(self, listener: Callable[[Record], None]) -> None:
        """Give `listener` every record, those that are there already included."""
        for record in self.records:
            listener(record)
        self._tell = listener

    def find(self, kind: str) -> Record | None:
        """The last record of that kind."""
        return next((record for record in reversed(self.records) if record.kind == kind), None)

    def add(self, record: Record) -> None:
        self.records.append(record)
        match record.kind:
            case "menu":
                self.menus.put_nowait(int(record.data.get("attempt") or 1))
            case "consent_asked":
                self.asked_for_consent.set()
            case "connected":
                self.connected.set()
            case "ended":
                self.ended.set()
        if self._tell is not None:
            self._tell(record)


class Stories:
    """Follows the journal for all calls at once; `run` must be running. `broken_off`: no record will come any more."""

    def __init__(self, records: AsyncIterator[Record]) -> None:
        self.broken_off = asyncio.Event()
        self._records = records
        self._by_sip_call_id: dict[str, Story] = {}
        self._by_call: dict[str, Story] = {}

    def of(self, sip_call_id: str) -> Story:
        """The story of the call with this Call-ID, which may have begun already or not yet."""
        story = self._by_sip_call_id.setdefault(sip_call_id, Story(sip_call_id))
        if self.broken_off.is_set():
            story.ended.set()
        return story

    async def run(self) -> None:
        """Read until cancelled. When the journal breaks off, every story has ended."""
        try:
            async for record in self._records:
                self._add(record)
        finally:
            self.broken_off.set()
            for story in self._by_sip_call_id.values():
                story.ended.set()

    def _add(self, record: Record) -> None:
        if record.kind == "arrived":
            self._by_call[record.call] = self.of(str(record.data.get("sip_call_id", "")))
        if (story := self._by_call.get(record.call)) is not None:
            story.add(record)
            if record.kind == "ended":  # whoever placed the call holds its story; those of strangers must not pile up
                del self._by_call[record.call]
                self._by_sip_call_id.pop(story.sip_call_id, None)
