"""What an operator's console shows now: the desk, the call in hand, results that are due, colleagues to turn to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import RedisError

from ivr.app import Controller
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record
from ivr.operator.accounts import Account as Operator
from ivr.request.model import Request
from ivr.web.console.card import card

_SETTLE_SECONDS = 1.0
_TALKS: frozenset[str] = frozenset({"offered", "talking"})


class Console:
    """Looks everything up in the controller. `titles`: topic → title; `outside`: names of outside numbers."""

    def __init__(
        self,
        controller: Controller,
        operators: Sequence[Operator],
        titles: Mapping[str, str],
        outside: Sequence[str],
        templates: Mapping[str, Sequence[str]],
    ) -> None:
        self.controller = controller
        self.names = {operator.name: operator.full_name for operator in operators}
        self._skills = {operator.name: operator.skills for operator in operators}
        self.titles = titles
        self._outside = tuple(outside)
        self._templates = templates
        self._reader = JournalReader(controller.redis, controller.keyring, reveal=True)
        self._shown: set[tuple[str, str]] = set()
        self._known: dict[str, tuple[str, list[Record]]] = {}

    async def now(self, operator: str, language: str) -> dict[str, Any]:
        """The state as one JSON object; `call` is None when there is neither a call in hand nor one to write up."""
        row = self.controller.router.view.operators.get(operator)
        call = row.call if row else ""
        talk = self.controller.talk(call) if call else None
        due = self.controller.desks.due(operator)
        shown = call or next(reversed(list(due)), "")
        mine = talk is not None and talk.desk.operator == operator
        return {
            "operator": operator,
            "state": row.state if row else "gone",
            "since": row.since if row else 0.0,
            "until": row.until_at if row else 0.0,
            "reason": row.reason if row else "",
            "pauses_after": bool(row and row.state in _TALKS and row.intent != "ready"),
            "softphone": self.controller.softphones.chosen(operator),
            "desk": {
                "phase": talk.desk.phase,
                "acts": sorted(talk.desk.acts) if mine else [],
                "target": self._named(talk.desk.target.name) if talk.desk.target else "",
                "mine": mine,
            }
            if talk
            else None,
            "call": await self._card(operator, shown, language) if shown else None,
            "due": [{"call": each, "due": at} for each, at in due.items()],
        }

    def _named(self, target: str) -> str:
        return self.names.get(target, target)

    def choices(self, operator: str) -> dict[str, Any]:
        """Whom a caller may be passed to: free colleagues first, queues, outside numbers."""
        colleagues = []
        for name, title in self.names.items():
            row = self.controller.router.view.operators.get(name)
            if name != operator and row is not None and row.state != "gone":
                skills = [self.titles.get(topic, topic) for topic, level in self._skills[name].items() if level == 1]
                colleagues.append({"name": name, "title": title, "state": row.state, "skills": skills})
        colleagues.sort(key=lambda each: (each["state"] != "ready", str(each["title"])))
        topics = [{"name": name, "title": title} for name, title in self.titles.items()]
        return {"operators": colleagues, "topics": topics, "outside": list(self._outside)}

    def templates(self, topic: str) -> list[str]:
        """Texts for the result form: those of the topic, then those for all."""
        return [*self._templates.get(topic, ()), *self._templates.get("", ())]

    async def _records(self, operator: str, call: str) -> list[Record]:
        """Of the call, read on from where the operator's console was: a talk has many steps, each of them shown."""
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):  # what is told of is written a moment later
                await self.controller.ledger.journal.settled()
        except TimeoutError:
            pass  # the store is slow: shown is what is there
        of, known = self._known.get(operator, ("", []))
        known = known if of == call else []
        records = [*known, *await self._reader.read(call, skip=len(known))]
        self._known[operator] = call, records
        return records

    async def _card(self, operator: str, call: str, language: str) -> dict[str, Any]:
        if (operator, call) not in self._shown:
            self._shown.add((operator, call))
            await self.controller.ledger.audit.note(operator, "reveal_call", call)
        records = await self._records(operator, call)
        earlier: Sequence[Request] = ()
        own: Request | None = None
        try:
            own = await self.controller.ledger.requests.of_call(call)
            if own is not None and own.person:
                earlier = await self.controller.ledger.requests.of_person(own.person, limit=6)
        except RedisError:
            pass  # the talk goes on without its history
        shown = card(records, earlier, own, self.titles, self.names, language)
        waited = shown["queued"] and ((shown["connected"] or 0.0) - shown["queued"])
        return {**shown, "waited": waited if shown["connected"] else None, "templates": self.templates(shown["topic"])}
