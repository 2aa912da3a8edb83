"""The web interface put together: the ways in, health, and the pages that its parts bring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ivr.hotline import LOOPBACK_NAMES
from ivr.operator.accounts import Account as Operator
from ivr.web.access import Access
from ivr.web.board import Board
from ivr.web.limits import BodyLimit, RateLimit
from ivr.web.pages import Pages, Section
from ivr.web.sign_in import SignIn
from ivr.web.static_files import StaticFiles
from ivr.web.status import Status

_STATIC = Path(__file__).parent / "static"
_READY_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.5
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:;"
    " connect-src {connect}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Surface(Protocol):
    """A part of the web interface with pages of its own: the console, the studio, …"""

    @property
    def sections(self) -> Sequence[Section]:
        """What the navigation leads to."""
        ...

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        """Made by `access.route(path, permission, endpoint)`; the endpoints answer with `pages.show(…)`."""
        ...


def build(
    board: Board,
    status: Callable[[], Awaitable[Status]],
    *,
    access: Access,
    operators: Sequence[Operator] = (),
    surfaces: Sequence[Surface] = (),
    vendor: Path | None = None,
    connect: Sequence[str] = (),
    hosts: Sequence[str] = LOOPBACK_NAMES,
) -> Starlette:
    """The application: the wallboard, what the other `surfaces` bring, and the ways in.

    `operators`: whom this machine's own user may be for a try. `vendor` is the folder of bundled libraries, `connect`
    are other origins that pages open connections to. `hosts` are the names it answers to, so that no foreign page
    reads it through a name that points here.
    """
    every: Sequence[Surface] = (board, *surfaces)
    pages = Pages([section for surface in every for section in surface.sections])
    health = _Health(status)
    routes: list[BaseRoute] = [
        *(route for surface in every for route in surface.routes(access, pages)),
        access.route("/api/audit/stream", "see_audit", access.audit_stream),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        *SignIn(access, pages, operators).routes(),
        *pages.routes(),
        *([Mount("/static/vendor", StaticFiles(vendor))] if vendor else []),
        Mount("/static", StaticFiles(_STATIC)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(_SafeHeaders, connect=tuple(connect)),
            Middleware(RateLimit),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(BodyLimit),
        ],
        lifespan=board.lifespan,
    )


class _Health:
    """For service managers and load balancers; open to everybody."""

    def __init__(self, status: Callable[[], Awaitable[Status]]) -> None:
        self._status = status
        self._looking = asyncio.Lock()
        self._answer, self._good_until = ("", 503), 0.0

    async def alive(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(self, _: Request) -> Response:
        """However many ask, the parts are looked at twice a second."""
        async with self._looking:
            if asyncio.get_running_loop().time() > self._good_until:
                self._answer = await self._look()
                self._good_until = asyncio.get_running_loop().time() + _LOOK_AGAIN_SECONDS
        return PlainTextResponse(*self._answer)

    async def _look(self) -> tuple[str, int]:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                now = await self._status()
        except TimeoutError:
            return "the hotline does not say how it is\n", 503
        parts = {"store": now.store, "asterisk": now.asterisk, "speech": now.speech}
        lines = [f"{name}: {'ok' if part.ok else 'away'} {part.detail}".rstrip() for name, part in parts.items()]
        if now.draining:
            lines.append(f"draining: {now.on_the_line} calls left")
        return "\n".join([*lines, ""]), 200 if now.ready else 503


class _SafeHeaders:
    """Everything the pages need comes from here; nothing they show may be framed, guessed at or kept."""

    def __init__(self, app: ASGIApp, connect: Sequence[str] = ()) -> None:
        self._app = app
        policy = _POLICY.format(connect=" ".join(("'self'", *connect)))
        self._headers = [(b"content-security-policy", policy.encode()), *_HEADERS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # scripts and styles are no secret: a browser keeps them, and asks whether they are still the same
                keep = b"no-cache" if scope["path"].startswith("/static/") else b"no-store"
                message["headers"] = [*message["headers"], *self._headers, (b"cache-control", keep)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
