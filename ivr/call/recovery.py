"""What a new controller does about the calls of one that died: no talk is cut, nobody is left in silence.

Asterisk keeps the channels of a dead controller. Those who talk go on talking and are only watched to their end; a
caller on hold is brought back to whoever was in the talk. Whoever was in a menu or in the queue goes to Asterisk's own
dialplan, which rings a person. Everything that served a call of the dead controller (taps, ringing legs) is removed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from ivr.call.events import CallerHungUp, CallId, Event
from ivr.call.parts import Journal, Queue
from ivr.line.ari import Ari
from ivr.line.asterisk import Line

log = structlog.get_logger()

_MADE_BY_US = re.compile(r"-(leg|media|snoop)\d+$")
_TALK, _HOLD = "-talk", "-hold"


@dataclass(frozen=True, slots=True)
class Remains:
    """What a dead controller left in Asterisk: talks (call → their channels), of those `held` the caller on hold,
    callers without us, channels of no use."""

    talks: Mapping[CallId, tuple[str, ...]] = field(default_factory=dict)
    held: Mapping[CallId, str] = field(default_factory=dict)
    callers: tuple[str, ...] = ()
    useless_channels: tuple[str, ...] = ()
    useless_bridges: tuple[str, ...] = ()


def sort_out(channels: Sequence[Mapping[str, Any]], bridges: Sequence[Mapping[str, Any]]) -> Remains:
    """Tell from Asterisk's own lists what each channel and bridge was for. Pure."""
    talks: dict[CallId, tuple[str, ...]] = {}
    held: dict[CallId, str] = {}
    useless_bridges = []
    rooms = {str(bridge["id"]): tuple(map(str, bridge["channels"])) for bridge in bridges}
    for bridge in bridges:
        name, members = str(bridge["id"]), rooms[str(bridge["id"])]
        call = CallId(name.removesuffix(_TALK))
        on_hold = rooms.get(f"{call}{_HOLD}", ())[:1] if name.endswith(_TALK) and members else ()
        if name.endswith(_TALK) and len(members) + len(on_hold) > 1:
            talks[call] = (*on_hold, *members)
            if on_hold:
                held[call] = on_hold[0]
        elif bridge.get("creator") == "Stasis":
            useless_bridges.append(name)
    talking = {channel for members in talks.values() for channel in members}
    ours = [
        str(channel["id"])
        for channel in channels
        if _MADE_BY_US.search(str(channel["id"])) or channel["dialplan"]["app_name"] == "Stasis"
    ]
    callers = tuple(name for name in ours if name not in talking and not _MADE_BY_US.search(name))
    useless = tuple(name for name in ours if name not in talking and _MADE_BY_US.search(name))
    return Remains(talks, held, callers, useless, tuple(useless_bridges))


class Recovery:
    """Takes care of what is left, once, before new calls are taken; `watch_talk` then runs as a task for each talk."""

    def __init__(self, ari: Ari, line: Line, queue: Queue, journal: Journal) -> None:
        self._ari = ari
        self._line = line
        self._queue = queue
        self._journal = journal

    async def clear_up(self) -> Remains:
        """Hand over callers, remove what is of no use; answers the talks that go on."""
        remains = sort_out(await self._ari.request("GET", "channels"), await self._ari.request("GET", "bridges"))
        for call, caller in remains.held.items():
            await self._line.add(f"{call}{_TALK}", caller)
        for channel in remains.useless_channels:
            await self._line.hang_up(channel)
        for bridge in remains.useless_bridges:
            await self._line.unbridge(bridge)
        for channel in remains.callers:
            await self._line.hand_over(channel)
        if remains.callers or remains.talks:
            log.warning("calls_recovered", talks=len(remains.talks), handed_over=len(remains.callers))
        return remains

    async def watch_talk(self, call: CallId, channels: tuple[str, ...]) -> None:
        """Wait until either side hangs up, then end the talk for both."""
        over = asyncio.Event()

        def receive(event: Event) -> None:
            if isinstance(event, CallerHungUp):
                over.set()

        for channel in channels:
            self._line.watch(channel, receive)
        await over.wait()
        for channel in channels:
            self._line.forget(channel)
            await self._line.hang_up(channel)
        await self._line.unbridge(f"{call}{_TALK}")
        await self._queue.talk_ended(call)
        self._journal.record(call, "talk_ended", data={"ended_by": "caller"})
        self._journal.record(call, "ended", data={"outcome": "talked"})
