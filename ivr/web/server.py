"""The web interface: status page, its live data, health, and a call's journal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ivr.journal import record as records
from ivr.journal.record import Record
from ivr.web.access import Access, Endpoint, answer
from ivr.web.live import Feed
from ivr.web.roles import Permission
from ivr.web.status import Status, to_mapping

_STATIC = Path(__file__).parent / "static"
_READY_SECONDS = 2.0
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    b" connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    # Everything the pages need comes from here; nothing they show may be framed, guessed at or kept.
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


Read = Callable[[str], Awaitable[Sequence[Record]]]


def build(
    status: Callable[[], Awaitable[Status]],
    read: Read,
    feed: Feed | None = None,
    *,
    access: Access | None = None,
    reveal: Read | None = None,
    hosts: Sequence[str] = ("localhost", "127.0.0.1", "[::1]"),
) -> Starlette:
    """The application. `status` takes a snapshot, `read` gives a call's records, `feed.changed()` makes pages current.

    With `access`, people sign in and see what their role may see, `reveal` giving a call's records in full; without it
    whoever reaches the loopback sees the status and masked records. `hosts` are the names it answers to, so that no
    foreign page reads it through a name that points here.
    """
    pages = _Pages(status, read, reveal, feed or Feed(status))
    guard = access.guard if access else _open_to_all
    routes: list[BaseRoute] = [
        Route("/", guard("see_status", pages.status_page)),
        Route("/api/status", guard("see_status", pages.status)),
        Route("/api/status/stream", guard("see_status", pages.status_stream)),
        Route("/api/journal/{call}", guard("read_call", pages.journal)),
        Route("/healthz", pages.healthy),
        Route("/readyz", pages.ready),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    if access:
        routes += [
            Route("/sign-in", pages.sign_in_page),
            Route("/api/sign-in", access.sign_in, methods=["POST"]),
            Route("/api/sign-out", access.sign_out, methods=["POST"]),
            Route("/api/audit/stream", guard("see_audit", access.audit_stream)),
        ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(_SafeHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        lifespan=pages.lifespan,
    )


def _open_to_all(_: Permission, endpoint: Endpoint) -> Endpoint:
    return endpoint


class _Pages:
    def __init__(self, status: Callable[[], Awaitable[Status]], read: Read, reveal: Read | None, feed: Feed) -> None:
        self._status = status
        self._read = read
        self._reveal = reveal
        self._feed = feed

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self._feed.run(), name="status feed")
        yield
        task.cancel()
        await asyncio.wait({task})

    async def status_page(self, _: Request) -> Response:
        return FileResponse(_STATIC / "status.html")

    async def sign_in_page(self, _: Request) -> Response:
        return FileResponse(_STATIC / "sign-in.html")

    async def status(self, _: Request) -> Response:
        return answer(to_mapping(await self._status()))

    async def status_stream(self, _: Request) -> Response:
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
    """Adds the headers above to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)
