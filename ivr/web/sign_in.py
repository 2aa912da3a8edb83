"""The ways in and out: name, password and code; or the link that this machine's own user makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ivr.operator.accounts import Account as Operator
from ivr.web import csrf
from ivr.web.access import Access, answer
from ivr.web.accounts import SignInRefused
from ivr.web.forms import FormUnreadable, read_form
from ivr.web.pages import Pages
from ivr.web.roles import Role


class SignIn:
    """`operators`: those whom this machine's own user may be for a try."""

    def __init__(self, access: Access, pages: Pages, operators: Sequence[Operator]) -> None:
        self._access = access
        self._pages = pages
        self._operators = {operator.name: operator.full_name for operator in operators}

    def routes(self) -> Sequence[BaseRoute]:
        """Open to everybody: whoever stands before the door."""
        return (
            Route("/sign-in", self.page),
            Route("/api/sign-in", self.sign_in, methods=["POST"]),
            Route("/api/sign-out", self.sign_out, methods=["POST"]),
            Route("/enter", self.entrance),
            Route("/enter", self.enter, methods=["POST"]),
        )

    async def page(self, request: Request) -> Response:
        return self._pages.show(request, "sign-in.html")

    async def sign_in(self, request: Request) -> Response:
        """POST name, password and code as JSON, which no form of a foreign page can send; answers with the cookie."""
        if request.headers.get("content-type") != "application/json":
            return answer({"error": "name, password and code are needed, as JSON"}, 400)
        try:
            fields = await read_form(request)
            name, password, code = (fields[field] for field in ("name", "password", "code"))
        except (FormUnreadable, KeyError):
            return answer({"error": "name, password and code are needed, as JSON"}, 400)
        try:
            token = await self._access.accounts.sign_in(name, password, code)
        except SignInRefused as refused:
            return answer({"error": refused.what}, 403)
        response = answer({"name": name})
        await self._replace(request, response, token)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session, when our own page asks for it."""
        session = request.cookies.get(self._access.cookie(request), "")
        try:
            fields = await read_form(request)
        except FormUnreadable:
            fields = {}
        if session and csrf.is_ours(session, request.headers, fields):
            await self._access.accounts.sign_out(session)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(self._access.cookie(request), path="/")
        return response

    async def entrance(self, request: Request) -> Response:
        """The page behind the link: who do you want to be? Looking at it uses nothing up."""
        key = request.query_params.get("key", "")
        who = await self._access.accounts.invited(key)
        return self._pages.show(request, "enter.html", 200 if who else 403, key=key, who=who, operators=self._operators)

    async def enter(self, request: Request) -> Response:
        """POST key, role and, for an operator, which."""
        try:
            fields = await read_form(request)
        except FormUnreadable:
            fields = {}
        role, name = fields.get("role", ""), fields.get("operator", "")
        if role not in get_args(Role) or (role == "operator") != (name in self._operators):
            return self._pages.show(request, "enter.html", 400, key="", who=None, operators=self._operators)
        try:
            token = await self._access.accounts.enter(fields.get("key", ""), name, cast("Role", role))
        except SignInRefused:
            return self._pages.show(request, "enter.html", 403, key="", who=None, operators=self._operators)
        response = RedirectResponse("/", 303)
        await self._replace(request, response, token)
        return response

    async def _replace(self, request: Request, response: Response, token: str) -> None:
        """A session that somebody brought along ends; what begins has a name that nobody knew before."""
        before = request.cookies.get(self._access.cookie(request), "")
        if before:
            await self._access.accounts.sign_out(before)
        self._access.begin(request, response, token)
