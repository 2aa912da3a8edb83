"""Lets a request through when whoever sends it may: session or the machine's own token, role, CSRF, audit log."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from ivr.journal.audit import AuditLog
from ivr.web import csrf
from ivr.web.accounts import Account, Accounts
from ivr.web.forms import FormUnreadable, read_form
from ivr.web.roles import Permission, may

USER_HEADER = "x-ivr-user"
Endpoint = Callable[[Request], Awaitable[Response]]
_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
# What is looked at all day long, or written down where it is done, would only bury the rest of the audit log.
_UNAUDITED: frozenset[Permission] = frozenset({"see_status", "take_calls", "supervise", "edit_plans", "see_metrics"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request, as `request.state.visitor`; `csrf`: what the forms of a page for them carry."""

    account: Account
    csrf: str = ""


class Access:
    """`in_hand(operator)` is the call the operator has now, or "". `secure`: the pages are served by TLS.

    `machine_token`: what the commands of this machine's own user send; it may what a supervisor may.
    `metrics_token`: what a scraper sends; it may see metrics and nothing else.
    """

    def __init__(
        self,
        accounts: Accounts,
        audit: AuditLog,
        in_hand: Callable[[str], str],
        *,
        machine_token: str = "",
        metrics_token: str = "",
        secure: bool = False,
    ) -> None:
        self.accounts = accounts
        self._audit = audit
        self._in_hand = in_hand
        self._machine_token = machine_token
        self._metrics_token = metrics_token
        self._secure = secure

    def route(self, path: str, permission: Permission, endpoint: Endpoint, methods: Sequence[str] = ("GET",)) -> Route:
        """A route for those who may. Name a path's parameter `call` where it is about one call."""
        return Route(path, self.guard(permission, endpoint), methods=list(methods), name=f"{permission} {path}")

    def guard(self, permission: Permission, endpoint: Endpoint) -> Endpoint:
        """The endpoint, for those who may; looking at personal data goes into the audit log first."""

        async def guarded(request: Request) -> Response:
            visitor = await self._visitor(request)
            if visitor is None:
                return _ask_to_sign_in(request)
            account = visitor.account
            call = request.path_params.get("call", "")
            wanted: Permission = permission
            if permission == "read_call" and request.query_params.get("reveal") == "1":
                wanted = "reveal_call"
            in_hand = bool(call) and self._in_hand(account.name) == call
            if not may(account.role, wanted, in_hand=in_hand):
                await self._audit.note(account.name, f"{wanted}_refused", call)
                return answer({"error": "your role does not allow this"}, 403)
            if not csrf.is_safe(request.method) and not await self._is_ours(request, visitor):
                return answer({"error": "this page is out of date; load it again"}, 403)
            if wanted not in _UNAUDITED:
                await self._audit.note(account.name, wanted, call)
            request.state.visitor = visitor
            return await endpoint(request)

        return guarded

    def cookie(self, request: Request) -> str:
        """The session cookie's name: two hotlines on one machine differ by port, which cookies do not tell apart."""
        return f"{'__Host-' if self._secure else ''}ivr_session_{request.url.port or 0}"

    async def visitor(self, request: Request) -> Visitor | None:
        """Who is signed in, by the session's cookie."""
        token = request.cookies.get(self.cookie(request), "")
        account = await self.accounts.of(token) if token else None
        return Visitor(account, csrf.token(token)) if account else None

    def begin(self, request: Request, response: Response, token: str) -> None:
        """Hand the session out with the response."""
        response.set_cookie(
            self.cookie(request), token, httponly=True, samesite="strict", secure=self._secure, path="/"
        )

    async def audit_stream(self, _: Request) -> Response:
        """The audit log as it is written, by server-sent events."""

        async def events() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            async with aclosing(self._audit.follow()) as following:
                async for entry in following:
                    yield b"data: " + orjson.dumps(asdict(entry)) + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def _visitor(self, request: Request) -> Visitor | None:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return await self.visitor(request)
        if _same(sent, self._metrics_token):
            return Visitor(Account("prometheus", "monitor"))
        if not _same(sent, self._machine_token):
            return None
        user = request.headers.get(USER_HEADER, "")
        return Visitor(Account(user if _USER.fullmatch(user) else "machine", "supervisor"))

    async def _is_ours(self, request: Request, visitor: Visitor) -> bool:
        if not visitor.csrf:
            return True  # no browser sends the machine's token by itself
        session = request.cookies[self.cookie(request)]
        if csrf.HEADER in request.headers:
            return csrf.is_ours(session, request.headers, {})
        try:
            return csrf.is_ours(session, {}, await read_form(request))
        except FormUnreadable:
            return False


def _same(sent: str, token: str) -> bool:
    return bool(token) and secrets.compare_digest(sent.encode(), token.encode())


def _ask_to_sign_in(request: Request) -> Response:
    if "text/html" in request.headers.get("accept", "") and csrf.is_safe(request.method):
        return RedirectResponse("/sign-in", 303)
    return answer({"error": "sign in first"}, 401)


def answer(content: object, status_code: int = 200) -> Response:
    """JSON."""
    return Response(orjson.dumps(content), status_code, media_type="application/json")
