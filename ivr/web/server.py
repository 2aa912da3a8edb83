"""The web interface: sign-in, wallboard and its live data, health, a call's journal, and what other parts bring."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ivr.journal import record as records
from ivr.journal.record import Record
from ivr.operator.accounts import Account as Operator
from ivr.web.access import Access, answer
from ivr.web.limits import BodyLimit
from ivr.web.live import Feed
from ivr.web.pages import Pages, Section
from ivr.web.sign_in import SignIn
from ivr.web.status import Status, to_mapping

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_STATIC = Path(__file__).parent / "static"
_READY_SECONDS = 2.0
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:;"
    " connect-src {connect}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


Read = Callable[[str], Awaitable[Sequence[Record]]]


class Surface(Protocol):
    """A part of the web interface with pages of its own: the console, the studio, …"""

    sections: Sequence[Section]  # what the navigation leads to

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        """Made by `access.route(path, permission, endpoint)`; the endpoints answer with `pages.show(…)`."""
        ...


def build(
    status: Callable[[], Awaitable[Status]],
    read: Read,
    feed: Feed | None = None,
    *,
    access: Access,
    reveal: Read | None = None,
    operators: Sequence[Operator] = (),
    surfaces: Sequence[Surface] = (),
    vendor: Path | None = None,
    connect: Sequence[str] = (),
    hosts: Sequence[str] = LOOPBACK_NAMES,
) -> Starlette:
    """The application. `status` takes a snapshot, `read` gives a call's records, `feed.changed()` makes pages current.

    People sign in and see what their role may see, `reveal` giving a call's records in full. `operators`: whom this
    machine's own user may be for a try. `vendor` is the folder of bundled libraries, `connect` are other origins that
    pages open connections to. `hosts` are the names it answers to, so that no foreign page reads it through a name
    that points here.
    """
    sections = [Section("/", "Табло", "Wallboard", "see_status")]
    pages = Pages([*sections, *(section for surface in surfaces for section in surface.sections)])
    board = _Board(status, read, reveal, feed or Feed(status), pages)
    routes: list[BaseRoute] = [
        access.route("/", "see_status", board.page),
        access.route("/api/status", "see_status", board.status),
        access.route("/api/status/stream", "see_status", board.stream),
        access.route("/api/journal/{call}", "read_call", board.journal),
        access.route("/api/audit/stream", "see_audit", access.audit_stream),
        Route("/healthz", board.healthy),
        Route("/readyz", board.ready),
        *SignIn(access, pages, operators).routes(),
        *pages.routes(),
        *(route for surface in surfaces for route in surface.routes(access, pages)),
        *([Mount("/static/vendor", StaticFiles(directory=vendor))] if vendor else []),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(_SafeHeaders, connect=tuple(connect)),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(BodyLimit),
        ],
        lifespan=board.lifespan,
    )


class _Board:
    def __init__(
        self,
        status: Callable[[], Awaitable[Status]],
        read: Read,
        reveal: Read | None,
        feed: Feed,
        pages: Pages,
    ) -> None:
        self._status = status
        self._read = read
        self._reveal = reveal
        self._feed = feed
        self._pages = pages

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self._feed.run(), name="status feed")
        yield
        task.cancel()
        await asyncio.wait({task})

    async def page(self, request: Request) -> Response:
        return self._pages.show(request, "wallboard.html")

    async def status(self, _: Request) -> Response:
        return answer(to_mapping(await self._status()))

    async def stream(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            async for encoded in self._feed.watch():
                yield b"data: " + encoded + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def journal(self, request: Request) -> Response:
        read = self._reveal if self._reveal and request.query_params.get("reveal") == "1" else self._read
        found = await read(request.path_params["call"])
        if not found:
            return answer({"error": "the journal knows no such call"}, 404)
        return answer([records.to_mapping(record) for record in found])

    async def healthy(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(self, _: Request) -> Response:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                now = await self._status()
        except TimeoutError:
            return PlainTextResponse("the hotline does not say how it is\n", 503)
        parts = {"store": now.store, "asterisk": now.asterisk, "speech": now.speech}
        lines = [f"{name}: {'ok' if part.ok else 'away'} {part.detail}".rstrip() for name, part in parts.items()]
        return PlainTextResponse("\n".join([*lines, ""]), 200 if now.ready else 503)


class _SafeHeaders:
    """Everything the pages need comes from here; nothing they show may be framed, guessed at or kept."""

    def __init__(self, app: ASGIApp, connect: Sequence[str] = ()) -> None:
        self._app = app
        policy = _POLICY.format(connect=" ".join(("'self'", *connect)))
        self._headers = [(b"content-security-policy", policy.encode()), *_HEADERS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers)
