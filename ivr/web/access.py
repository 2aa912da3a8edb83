"""Lets a request through when whoever sends it may: session cookie, role, audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from ivr.journal.audit import AuditLog
from ivr.web.accounts import Account, Accounts, SignInRefused
from ivr.web.roles import Permission, may

COOKIE = "ivr_session"
Endpoint = Callable[[Request], Awaitable[Response]]
_MOST_BYTES = 4096


class Access:
    """`in_hand(operator)` is the call the operator has now, or "". `secure`: the page is served by TLS."""

    def __init__(
        self, accounts: Accounts, audit: AuditLog, in_hand: Callable[[str], str], *, secure: bool = False
    ) -> None:
        self._accounts = accounts
        self._audit = audit
        self._in_hand = in_hand
        self._secure = secure

    def guard(self, permission: Permission, endpoint: Endpoint) -> Endpoint:
        """The endpoint, for those who may; everything but looking at the status goes into the audit log first."""

        async def guarded(request: Request) -> Response:
            account = await self.account(request)
            if account is None:
                if "text/html" in request.headers.get("accept", ""):
                    return RedirectResponse("/sign-in", 303)
                return answer({"error": "sign in first"}, 401)
            call = request.path_params.get("call", "")
            wanted: Permission = permission
            if permission == "read_call" and request.query_params.get("reveal") == "1":
                wanted = "reveal_call"
            in_hand = bool(call) and self._in_hand(account.name) == call
            if not may(account.role, wanted, in_hand=in_hand):
                await self._audit.note(account.name, f"{wanted}_refused", call)
                return answer({"error": "your role does not allow this"}, 403)
            if wanted != "see_status":
                await self._audit.note(account.name, wanted, call)
            return await endpoint(request)

        return guarded

    async def account(self, request: Request) -> Account | None:
        """Who sends the request."""
        token = request.cookies.get(COOKIE, "")
        return await self._accounts.of(token) if token else None

    async def sign_in(self, request: Request) -> Response:
        """POST name, password and code as JSON; answers with the session's cookie."""
        try:
            # JSON, which no form of a foreign page can send
            body = await request.body() if request.headers.get("content-type") == "application/json" else b""
            fields: dict[str, Any] = orjson.loads(body[:_MOST_BYTES])
            name, password, code = (str(fields[field]) for field in ("name", "password", "code"))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return answer({"error": "name, password and code are needed, as JSON"}, 400)
        try:
            token = await self._accounts.sign_in(name, password, code)
        except SignInRefused as refused:
            return answer({"error": refused.what}, 403)
        response = answer({"name": name})
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=self._secure, path="/")
        return response

    async def audit_stream(self, _: Request) -> Response:
        """The audit log as it is written, by server-sent events."""

        async def events() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            async with aclosing(self._audit.follow()) as following:
                async for entry in following:
                    yield b"data: " + orjson.dumps(asdict(entry)) + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        await self._accounts.sign_out(request.cookies.get(COOKIE, ""))
        response = answer({})
        response.delete_cookie(COOKIE, path="/")
        return response


def answer(content: object, status_code: int = 200) -> Response:
    """JSON."""
    return Response(orjson.dumps(content), status_code, media_type="application/json")
