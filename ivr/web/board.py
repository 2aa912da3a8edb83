"""The wallboard: what happens now, the curves of the last hours, what each figure means, and the story of one call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from ivr.journal import record as records
from ivr.journal.record import Record
from ivr.journal.story import sentence
from ivr.journal.story_russian import phrase
from ivr.routing.why import why
from ivr.stats.definitions import DEFINITIONS
from ivr.stats.today import SLICE_SECONDS, Counts, Today
from ivr.web import words
from ivr.web.access import Access, answer
from ivr.web.live import Feed
from ivr.web.pages import Pages, Section, language
from ivr.web.roles import may
from ivr.web.status import Status, to_json

Read = Callable[[str], Awaitable[Sequence[Record]]]
_ZONE = ZoneInfo("Europe/Moscow")
_SLICES = 96  # eight hours


class Board:
    """`status` takes a snapshot, `read` gives a call's records, `reveal` the same in full."""

    def __init__(
        self,
        status: Callable[[], Awaitable[Status]],
        read: Read,
        reveal: Read,
        feed: Feed,
        today: Callable[[], Today],
    ) -> None:
        self.sections = (Section("/", "Табло", "Wallboard", "see_status"),)
        self._status = status
        self._read = read
        self._reveal = reveal
        self._feed = feed
        self._today = today

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        self._pages = pages
        return (
            access.route("/", "see_status", self.page),
            access.route("/definitions", "see_status", self.definitions),
            access.route("/calls/{call}", "read_call", self.call),
            access.route("/api/status", "see_status", self.status),
            access.route("/api/status/stream", "see_status", self.stream),
            access.route("/api/lately", "see_status", self.lately),
            access.route("/api/journal/{call}", "read_call", self.journal),
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Snapshots are taken while the application runs and somebody watches."""
        task = asyncio.create_task(self._feed.run(), name="status feed")
        yield
        task.cancel()
        await asyncio.wait({task})

    async def page(self, request: Request) -> Response:
        drill = may(request.state.visitor.account.role, "read_call")
        return self._pages.show(request, "wallboard.html", words=words.chosen(language(request)), drill=drill)

    async def definitions(self, request: Request) -> Response:
        return self._pages.show(request, "definitions.html", definitions=DEFINITIONS)

    async def call(self, request: Request) -> Response:
        call = request.path_params["call"]
        found = await self._asked(request)(call)
        if not found:
            return self._pages.show(request, "call.html", 404, call=call, steps=(), why=(), revealed=False)
        begin = found[0].wall_seconds
        spoken = language(request)
        tell = phrase if spoken == "ru" else sentence
        steps = [
            (
                f"{datetime.fromtimestamp(each.wall_seconds, _ZONE):%H:%M:%S}",
                f"{each.wall_seconds - begin:.1f}",
                words.name(words.STEPS, each.kind, spoken),
                tell(each),
            )
            for each in found
        ]
        reasons = why(((each.wall_seconds, each.kind, each.data) for each in found), spoken)
        return self._pages.show(
            request,
            "call.html",
            call=call,
            steps=steps,
            why=reasons,
            revealed=request.query_params.get("reveal") == "1",
        )

    async def status(self, _: Request) -> Response:
        return Response(to_json(await self._status()), media_type="application/json")

    async def stream(self, _: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            async for event in self._feed.watch():
                yield event

        return StreamingResponse(events(), media_type="text/event-stream")

    async def lately(self, _: Request) -> Response:
        """The last eight hours in slices: `at` (their ends, Unix seconds), and as many counts of each kind."""
        today = self._today()
        last = int((await self._status()).at) // SLICE_SECONDS
        slices = range(last - _SLICES + 1, last + 1)
        counts = [today.by_slice.get(each, Counts()) for each in slices]
        return answer(
            {
                "at": [(each + 1) * SLICE_SECONDS for each in slices],
                "offered": [each.offered for each in counts],
                "in_target": [each.in_target for each in counts],
                "abandoned": [each.abandoned for each in counts],
            }
        )

    async def journal(self, request: Request) -> Response:
        found = await self._asked(request)(request.path_params["call"])
        if not found:
            return answer({"error": "the journal knows no such call"}, 404)
        return answer([records.to_mapping(record) for record in found])

    def _asked(self, request: Request) -> Read:
        return self._reveal if request.query_params.get("reveal") == "1" else self._read
