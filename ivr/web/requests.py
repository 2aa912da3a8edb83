"""Requests, for supervisors: what is to do, the most urgent first; one request; its status and who is responsible."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute

from ivr.errors import IvrError
from ivr.journal.audit import AuditLog
from ivr.operator.accounts import Account as Operator
from ivr.request.clerk import Clerk
from ivr.request.model import CLASSES, TITLES, Request, Status, to_mapping
from ivr.request.store import RequestStore, RequestUnknown
from ivr.web import words
from ivr.web.access import Access, answer
from ivr.web.pages import Pages, Section, language

_ZONE = ZoneInfo("Europe/Moscow")
_UNTOLD = frozenset({"person", "version"})  # the hash of a caller's number is nobody's business


class Requests:
    """`now()`: Unix seconds. Every change is in the audit log before it happens."""

    sections: Sequence[Section] = (Section("/requests", "Обращения", "Requests", "supervise"),)

    def __init__(
        self,
        store: RequestStore,
        clerk: Clerk,
        audit: AuditLog,
        operators: Sequence[Operator],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._clerk = clerk
        self._audit = audit
        self._operators = {operator.name: operator.full_name for operator in operators}
        self._now = now

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        self._pages = pages
        return (
            access.route("/requests", "supervise", self.page),
            access.route("/api/requests", "supervise", self.listed),
            access.route("/api/requests/{number}", "supervise", self.one),
            access.route("/api/requests/{number}", "supervise", self.change, methods=("POST",)),
        )

    async def page(self, request: HttpRequest) -> Response:
        return self._pages.show(
            request,
            "requests.html",
            requests=await self._store.open(),
            standing=await self._store.standing(),
            now=self._now(),
            titles=TITLES,
            classes=CLASSES,
            operators=self._operators,
            words=words.chosen(language(request)),
            moment=_moment,
        )

    async def listed(self, _: HttpRequest) -> Response:
        """A list of what is not done."""
        return answer([_shown(each) for each in await self._store.open()])

    async def one(self, request: HttpRequest) -> Response:
        """One request, done or not."""
        try:
            return answer(_shown(await self._store.get(request.path_params["number"])))
        except RequestUnknown as unknown:
            return answer({"error": unknown.what}, 404)

    async def change(self, request: HttpRequest) -> Response:
        """Takes `{"status": …}`, `{"operator": …}` or both; answers with the request as it is then."""
        number, who = request.path_params["number"], request.state.visitor.account.name
        try:
            wanted: Any = json.loads(await request.body())
            status, operator = str(wanted.get("status") or ""), str(wanted.get("operator") or "")
        except (ValueError, AttributeError):
            return answer({"error": 'send {"status": …} or {"operator": …}'}, 400)
        if status and status not in get_args(Status):
            return answer({"error": f"there is no status {status[:40]!r}", "hint": ", ".join(get_args(Status))}, 400)
        if operator and operator not in self._operators:
            return answer({"error": f"there is no operator {operator[:40]!r}"}, 404)
        try:
            await self._store.get(number)
            await self._audit.note(who, "request_change", number, {"status": status, "operator": operator})
            if operator:
                await self._clerk.assign(number, operator)
            if status:
                await self._clerk.set_status(number, cast("Status", status), who)
            return answer(_shown(await self._store.get(number)))
        except RequestUnknown as unknown:
            return answer({"error": unknown.what}, 404)
        except IvrError as refused:
            return answer({"error": refused.what, "hint": refused.hint}, 409)


def _shown(request: Request) -> dict[str, Any]:
    fields = {name: value for name, value in to_mapping(request).items() if name not in _UNTOLD}
    return {**fields, "due": min(request.deadlines.values(), default=None)}


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, _ZONE):%d.%m %H:%M}"
