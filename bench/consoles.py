"""Operators at their consoles: the console's own stream over real desks, a real journal and real requests."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from redis.asyncio import Redis

from ivr.app import Controller
from ivr.clock import Clock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.stream import Journal
from ivr.operator.accounts import Account
from ivr.operator.desk import Desk
from ivr.operator.desks import Desks
from ivr.queue.model import QueuedOperator
from ivr.request.model import Request
from ivr.request.store import RequestStore
from ivr.web.console.state import Console
from ivr.web.console.surface import ConsoleSurface

_BEFORE = ("arrived", "answered", "menu", "heard", "topic", "queued", "offered", "connected")
_EARLIER = 3  # requests of each caller


class Floor:
    """What a console looks up in the controller: each of `count` operators in a talk."""

    def __init__(self, store: Redis, keyring: Keyring, clock: Clock, folder: Path, count: int) -> None:
        self.names = [f"operator-{number}" for number in range(count)]
        self.redis, self.keyring = store, keyring
        self._journal = Journal(store, clock, keyring, folder / "spool")
        self._calls = {name: f"bench{number:07}" for number, name in enumerate(self.names)}
        self.desks = Desks(self, self, clock, 5.0)
        self.ledger = SimpleNamespace(audit=AuditLog(store, keyring, clock), requests=RequestStore(store))
        self.softphones = SimpleNamespace(chosen=lambda _: True)
        now = time.time()
        rows = {name: QueuedOperator(name, "talking", now, now, call=call) for name, call in self._calls.items()}
        self.router = SimpleNamespace(view=SimpleNamespace(operators=rows))
        self._talks = {call: SimpleNamespace(desk=Desk(name)) for name, call in self._calls.items()}

    def surface(self) -> ConsoleSurface:
        accounts = [
            Account(name=name, full_name=f"Анна Белова {name}", extension="101", skills={}) for name in self.names
        ]
        console = Console(cast("Controller", self), accounts, {"access": "Вход и пароль"}, (), {})
        return ConsoleSurface(console, "ws://127.0.0.1:1/ws")

    def talk(self, call: str) -> Any:
        return self._talks.get(call)

    def in_hand(self, operator: str) -> str:
        return self._calls[operator]

    def record(self, call: str, kind: str, path: str = "", data: Any = None, personal: Any = None) -> None:
        self._journal.record(call, kind, path, data or {}, personal or {})
        self.desks.observe(call, kind, data or {})

    async def begin(self) -> None:
        """Every call has come as far as its talk, and its caller has called before."""
        await self._journal.start()
        now = time.time()
        for number, (operator, call) in enumerate(self._calls.items()):
            for kind in _BEFORE:
                personal = {"caller": f"+7900{number:07}"} if kind == "arrived" else {}
                personal |= {"text": "не могу войти в личный кабинет"} if kind == "heard" else {}
                self.record(call, kind, data={"operator": operator, "topic": "access"}, personal=personal)
            for earlier in range(_EARLIER + 1):
                made = Request(
                    f"{number}{earlier}", call if not earlier else f"{call}-{earlier}", now, person=f"p{number}"
                )
                await self.ledger.requests.add(made)
        await self._journal.settled()

    async def go_on(self, every_seconds: float) -> None:
        """In each talk the caller is put on hold, and taken back, so often."""
        for kind in itertools.cycle(("held", "resumed")):
            for operator, call in self._calls.items():
                self.record(call, kind, data={"operator": operator})
                await asyncio.sleep(every_seconds / len(self._calls))
