"""Channels as the line hands them out: a caller, an operator's leg, a service code, a tap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ivr.call.events import OfferEnd


class LegFailed(Exception):
    """The operator's telephone did not take the call; `reason` is how the offer ended."""

    def __init__(self, reason: OfferEnd) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True)
class OperatorLeg:
    """A call that rings at an operator: `answered` is done on answer or fails with `LegFailed`; `gone` when it ends."""

    channel: str
    answered: asyncio.Future[None]
    gone: asyncio.Future[None]


@dataclass(slots=True)
class Tap:
    """A copy of what the caller says, on its way to a speech worker."""

    channels: tuple[str, str]
    bridge: str


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A caller has dialled one of our lines and waits to be answered.

    `plan`: the plan that a dialplan of the admin's own asks for; that dialplan gets the caller back. "": by the line.
    `account`: the SIP account of a caller who calls from a browser, see `visitors`; `topic` and `language`: chosen
    there beforehand, `code`: what proves later on who called, `token` and `ticket`: by which the page finds its call
    again with another controller. Of a telephone they say nothing.
    """

    channel: str
    dialled: str
    caller: str
    sip_call_id: str
    plan: str = ""
    account: str = ""
    topic: str = "none"
    code: str = ""
    language: str = ""
    token: str = field(default="", repr=False)
    ticket: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """An operator dialled a service code (such as *1) from the telephone of that SIP account."""

    channel: str
    endpoint: str
    code: str
