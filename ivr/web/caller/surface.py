"""The public page: anybody may call from the browser, for one call at a time, and sees nothing but that.

Nobody has an account, and no cookie is involved: a visit is named by a token that the server makes and the page sends
in a header of its own, so no foreign page can act in it, and nobody can be made to use a visit that another has begun.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ivr.app import Controller
from ivr.call.events import CallId
from ivr.clock import Clock
from ivr.dialplan.steps.queue import QueueStep
from ivr.errors import IvrError
from ivr.journal.record import Value
from ivr.line.visitors import Visit, VisitRefused
from ivr.request import number as numbers
from ivr.request.model import TITLES
from ivr.request.model import Request as Matter
from ivr.web.access import Access, answer
from ivr.web.caller.relay import Relay
from ivr.web.caller.texts import choices
from ivr.web.forms import FormUnreadable, read_form
from ivr.web.frequency import Frequency, neighbourhood
from ivr.web.pages import Pages, Section, language

_BEAT_SECONDS = 5.0
_END_SECONDS = 5.0
_GATHER_SECONDS = 0.1  # one step of a call makes several records
_QUESTIONS_AN_HOUR = 12
_MOST_SHOWN = 20
_FREE = "none"

Fields = Mapping[str, str]


class CallerSurface:
    """Fits `server.Surface`. `titles`: topic → title; `telephony`: the WebSocket address of Asterisk."""

    sections: Sequence[Section] = ()

    def __init__(
        self, controller: Controller, titles: Mapping[str, str], telephony: str, clock: Clock, an_hour: int
    ) -> None:
        self._controller = controller
        self._visitors = controller.visitors
        self._topics = choices(titles)
        self._titles = titles
        self._relay = Relay(controller.visitors, telephony)
        self._calls = Frequency(clock, an_hour)
        self._questions = Frequency(clock, _QUESTIONS_AN_HOUR)

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:  # noqa: ARG002 - open to everybody
        async def page(request: Request) -> Response:
            return pages.show(request, "caller.html", topics=self._topics)

        return (
            Route("/call", page),
            Route("/api/call/outlook", self._outlook),
            Route("/api/call/begin", _posted(self._begin), methods=["POST"]),
            Route("/api/call/stream", self._stream),
            Route("/api/call/rate", _posted(self._rate), methods=["POST"]),
            Route("/api/call/requests", _posted(self._requests), methods=["POST"]),
            WebSocketRoute("/api/call/telephone/{ticket}", self._relay.serve),
        )

    # --- before the call ---

    async def _outlook(self, request: Request) -> Response:
        """How long callers of each topic would wait who called now: [shortest, longest] in seconds, None: nobody."""
        queue, spoken = self._entry(language(request))
        waits = {topic: self._wait(queue, topic, spoken) for topic in self._topics}
        ranges = [each for each in waits.values() if each is not None]
        anything = [min(low for low, _ in ranges), max(high for _, high in ranges)] if ranges else None
        return answer({"waits": {**waits, _FREE: anything}, "open": self._visitors.free > 0})

    def _wait(self, queue: str, topic: str, spoken: str) -> list[int] | None:
        expected = self._controller.router.outlook(queue, topic, spoken)
        return None if expected is None else [round(expected.low_seconds), round(expected.high_seconds)]

    def _entry(self, wanted: str) -> tuple[str, str]:
        """The first queue that calls of this line come into, and what a call from a page in that language speaks."""
        plan = self._controller.plans.for_line(self._controller.visitors_line)
        plans = (plan, *plan.called.values()) if plan else ()
        steps = (step for each in plans for section in each.sections.values() for step in section)
        queue = next((step.queue for step in steps if isinstance(step, QueueStep)), "")
        spoken = plan.languages if plan else ("",)
        return queue, wanted if wanted in spoken else spoken[0]

    async def _begin(self, request: Request, fields: Fields) -> object:
        """Lend an account for a call about `topic`; a page that has called before goes on with its visit."""
        topic = fields.get("topic") or _FREE
        if topic not in self._topics and topic != _FREE:
            raise _Wrong("there is no such topic")
        if not self._controller.line.connected:
            raise _Wrong("the telephony is away", 409, "away")
        if not self._calls.admits(_address(request)):
            raise _Wrong("too many calls have begun at this address", 429, "often")
        await self._end_before(_token(request))
        try:
            visit, password = await self._visitors.begin(topic, _token(request), language(request))
        except VisitRefused as refused:
            raise _Wrong(refused.what, 409, "full") from None
        return {
            "visit": visit.token,
            "account": visit.account,
            "password": password,
            "telephone": f"/api/call/telephone/{visit.ticket}",
        }

    async def _end_before(self, token: str) -> None:
        """The page was loaded anew, or lost its network: its call of before makes way, and leaves its place."""
        visit = await self._visitors.find(token)
        if visit is None or not (visit.account and visit.channel):
            return
        await self._controller.line.hang_up(visit.channel)
        try:
            async with asyncio.timeout(_END_SECONDS), aclosing(visit.watch()) as changes:
                async for _ in changes:
                    if not visit.account:
                        return
        except TimeoutError:
            pass  # it is refused like everybody who calls already

    # --- during and after it ---

    async def _stream(self, request: Request) -> Response:
        visit = await self._visitors.find(_token(request))
        if visit is None:
            return answer({"error": "this visit is over"}, 401)
        return StreamingResponse(self._events(visit), media_type="text/event-stream")

    async def _events(self, visit: Visit) -> AsyncIterator[bytes]:
        last = b""
        async with aclosing(visit.watch()) as changes:
            waiting = asyncio.ensure_future(anext(changes))
            try:
                while self._visitors.of(visit.token) is visit:
                    done, _ = await asyncio.wait((waiting,), timeout=_BEAT_SECONDS)
                    if done:
                        await asyncio.sleep(_GATHER_SECONDS)
                        waiting = asyncio.ensure_future(anext(changes))
                    state = orjson.dumps(self._now(visit))
                    yield b"data: " + state + b"\n\n" if state != last else b": beat\n\n"
                    last = state
            finally:
                waiting.cancel()
                await asyncio.wait((waiting,))

    def _now(self, visit: Visit) -> dict[str, Any]:
        """What the page shows: nothing about anybody else. `wait`: shortest and longest, in whole seconds."""
        call = CallId(visit.call)
        waits = visit.phase in ("waiting", "ringing")
        standing = self._controller.router.standing(call) if waits else None
        expected = self._controller.router.expected_wait(call) if standing else None
        return {
            "phase": visit.phase,
            "place": standing.position if standing else None,
            "wait": [round(expected.low_seconds), round(expected.high_seconds)] if expected else None,
            "request": visit.request,
            "code": visit.code,
            "talked": visit.talked,
            "rated": visit.rated,
        }

    async def _rate(self, request: Request, fields: Fields) -> object:
        visit = await self._visitors.find(_token(request))
        if visit is None:
            raise _Wrong("this visit is over", 401)
        if fields.get("score") not in ("1", "2", "3", "4", "5"):
            raise _Wrong("a mark is 1 to 5")
        if not visit.talked or visit.phase not in ("after", "over"):
            raise _Wrong("there is no talk to rate", 409)
        if not visit.rated:
            facts: dict[str, Value] = {"operator": visit.operator, "score": int(fields["score"])}
            self._controller.ledger.record(visit.call, "rated", data=facts)
        return {}

    # --- one's own requests ---

    async def _requests(self, request: Request, fields: Fields) -> object:
        """Whoever knows a request's number, and the code or the telephone that goes with it, sees that person's own."""
        number, proof = _digits(fields.get("number", "")), _digits(fields.get("proof", ""))
        if not numbers.valid(number) or not 10 <= len(proof) <= 15:
            raise _Wrong("a request's number, and its code or the telephone that called, are needed")
        person = self._controller.keyring.person(proof)
        if not self._questions.admits(_address(request)):
            raise _Wrong("too many questions", 429, "often")
        try:
            proven = await self._controller.ledger.requests.proven(number, person)
            found = await self._controller.ledger.requests.of_person(person, limit=_MOST_SHOWN) if proven else []
        except (RedisError, OSError):
            raise _Wrong("the requests cannot be looked at now", 503, "away") from None
        if not found:
            raise _Wrong("there is no such request, or it is somebody else's", 404, "unknown")
        return {"requests": [self._shown(matter, language(request)) for matter in found]}

    def _shown(self, matter: Matter, language: str) -> dict[str, Any]:
        russian = language == "ru"
        none = "Тема не указана" if russian else "No topic"
        title = self._topics.get(matter.topic, (self._titles.get(matter.topic, none),) * 2)
        return {
            "number": matter.number,
            "opened": matter.opened,
            "topic": title[0 if russian else 1],
            "status": TITLES[matter.status] if russian else matter.status.replace("_", " "),
            "done": matter.status == "done",
            "answer_due": matter.answer_due,
        }


class _Wrong(Exception):
    """What was asked cannot be; `why` is a word by which the page knows what to say."""

    def __init__(self, what: str, status_code: int = 400, why: str = "wrong") -> None:
        self.content = {"error": what, "why": why}
        self.status_code = status_code
        super().__init__(what)


def _posted(do: Callable[[Request, Fields], Awaitable[object]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        # JSON, which no form of a foreign page can send
        if request.headers.get("content-type") != "application/json":
            return answer({"error": "fields are needed, as JSON"}, 400)
        try:
            return answer(await do(request, await read_form(request)))
        except FormUnreadable:
            return answer({"error": "fields are needed, as JSON"}, 400)
        except _Wrong as wrong:
            return answer(wrong.content, wrong.status_code)
        except IvrError as error:
            return answer({"error": error.what, "why": "away"}, 409)

    return endpoint


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _address(request: Request) -> str:
    return neighbourhood(request.client.host if request.client else "")


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
