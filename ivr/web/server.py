"""The web interface: status page, its live data, health, and a call's journal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ivr.journal import record as records
from ivr.journal.record import Record
from ivr.web.live import Feed
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


def build(
    status: Callable[[], Awaitable[Status]],
    read: Callable[[str], Awaitable[Sequence[Record]]],
    feed: Feed | None = None,
    *,
    hosts: Sequence[str] = ("localhost", "127.0.0.1", "[::1]"),
) -> Starlette:
    """The application. `status` takes a snapshot, `read` gives a call's records, `feed.changed()` makes pages current.

    `hosts` are the names it answers to, so that no foreign page reads it through a name that points here.
    """
    pages = _Pages(status, read, feed or Feed(status))
    return Starlette(
        routes=[
            Route("/", pages.status_page),
            Route("/api/status", pages.status),
            Route("/api/status/stream", pages.status_stream),
            Route("/api/journal/{call}", pages.journal),
            Route("/healthz", pages.healthy),
            Route("/readyz", pages.ready),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[Middleware(_SafeHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        lifespan=pages.lifespan,
    )


class _Pages:
    def __init__(
        self, status: Callable[[], Awaitable[Status]], read: Callable[[str], Awaitable[Sequence[Record]]], feed: Feed
    ) -> None:
        self._status = status
        self._read = read
        self._feed = feed

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self._feed.run(), name="status feed")
        yield
        task.cancel()
        await asyncio.wait({task})

    async def status_page(self, _: Request) -> Response:
        return FileResponse(_STATIC / "status.html")

    async def status(self, _: Request) -> Response:
        return _json(to_mapping(await self._status()))

    async def status_stream(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            async for encoded in self._feed.watch():
                yield b"data: " + encoded + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def journal(self, request: Request) -> Response:
        found = await self._read(request.path_params["call"])
        if not found:
            return _json({"error": "the journal knows no such call"}, 404)
        return _json([records.to_mapping(record) for record in found])

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


def _json(content: object, status_code: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code, media_type="application/json")
