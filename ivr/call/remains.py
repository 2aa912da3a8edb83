"""What a dead controller left in Asterisk, told from its own lists: who talks, who waits, what is of no use. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ivr.call.events import CallId
from ivr.journal.fold import CallState
from ivr.line.channels import IncomingCall
from ivr.line.softphone import operator_of
from ivr.operator.desk import Desk, Target

_MADE_BY_US = re.compile(r"-(leg|media|snoop)\d+$")
TALK, HOLD = "-talk", "-hold"
_SUPERVISOR = re.compile(r"-with-leg\d+$")  # of a supervisor who listens in; the page, or telephone, begins anew
_RECORDS = "-record"  # it ends with the channel that it hears


@dataclass(frozen=True, slots=True)
class Inherited:
    """A talk whose controller is gone: the desk as it stands now, the channels of operator and who was asked in."""

    desk: Desk
    operator_channel: str
    other_channel: str = ""


def made_by_us(channel: str) -> bool:
    """Whether it is one that a controller made, not a caller's."""
    return _MADE_BY_US.search(channel) is not None


@dataclass(frozen=True, slots=True)
class Remains:
    """What a dead controller left in Asterisk: talks (call → their channels), of those `held` the caller on hold,
    callers without us, channels of no use."""

    talks: Mapping[CallId, tuple[str, ...]] = field(default_factory=dict)
    held: Mapping[CallId, str] = field(default_factory=dict)
    callers: Mapping[str, IncomingCall | None] = field(default_factory=dict)
    """Channel → how it came to us, None when that can't be told."""
    useless_channels: tuple[str, ...] = ()
    useless_bridges: tuple[str, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Channel → the SIP account that it goes to."""


def sort_out(channels: Sequence[Mapping[str, Any]], bridges: Sequence[Mapping[str, Any]]) -> Remains:
    """Tell from Asterisk's own lists what each channel and bridge was for. Pure."""
    talks: dict[CallId, tuple[str, ...]] = {}
    held: dict[CallId, str] = {}
    useless_bridges = []
    rooms = {
        str(bridge["id"]): tuple(name for name in map(str, bridge["channels"]) if not _SUPERVISOR.search(name))
        for bridge in bridges
    }
    for bridge in bridges:
        name, members = str(bridge["id"]), rooms[str(bridge["id"])]
        call = CallId(name.removesuffix(TALK))
        on_hold = rooms.get(f"{call}{HOLD}", ())[:1] if name.endswith(TALK) and members else ()
        if name.endswith(TALK) and len(members) + len(on_hold) > 1:
            talks[call] = (*on_hold, *members)
            if on_hold:
                held[call] = on_hold[0]
        elif bridge.get("creator") == "Stasis":
            useless_bridges.append(name)
    talking = {channel for members in talks.values() for channel in members}
    callers: dict[str, IncomingCall | None] = {}
    useless: list[str] = []
    for channel in channels:
        name = str(channel["id"])
        if name in talking or name.endswith(_RECORDS):
            continue
        if _MADE_BY_US.search(name):
            useless.append(name)
        elif channel["dialplan"]["app_name"] == "Stasis":
            callers[name] = _came(channel)
    accounts = {str(channel["id"]): _account(str(channel.get("name", ""))) for channel in channels}
    return Remains(talks, held, callers, tuple(useless), tuple(useless_bridges), accounts)


def inherit(remains: Remains, call: CallId, caller: str, told: CallState) -> Inherited | None:
    """The talk as a new controller goes on with it; None when it cannot be told who talks to whom. Pure."""
    legs = [channel for channel in remains.talks[call] if channel != caller]
    ours = [leg for leg in legs if operator_of(remains.accounts.get(leg, ""))[0] == told.operator]
    others = [leg for leg in legs if leg not in ours]
    if told.phase not in ("talking", "ringing") or len(ours) != 1 or len(others) > 1 or caller == legs[0]:
        return None
    if not others:
        return Inherited(Desk(told.operator), ours[0])
    by_name = operator_of(remains.accounts.get(others[0], ""))[0] == told.asked_in
    target = Target("operator" if by_name else "outside", told.asked_in)
    return Inherited(Desk(told.operator, "conference", target), ours[0], others[0])


def _account(name: str) -> str:
    """`PJSIP/anna-browser-00000012` → `anna-browser`."""
    return name.removeprefix("PJSIP/").rpartition("-")[0]


def _came(channel: Mapping[str, Any]) -> IncomingCall | None:
    """From the arguments that `Stasis()` was given in the dialplan."""
    name, caller = str(channel["id"]), str(channel["caller"]["number"])
    match str(channel["dialplan"].get("app_data", "")).split(","):
        case (_, "line", dialled, *rest):
            return IncomingCall(name, dialled, caller, rest[0] if rest else "")
        case (_, "plan", plan, dialled, *rest):
            return IncomingCall(name, dialled, caller, rest[0] if rest else "", plan)
        case _:
            return None
