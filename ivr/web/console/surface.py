"""The operator's console: its page, its live data, and what an operator may do there, all by POST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from ivr.call.events import CallId
from ivr.errors import IvrError
from ivr.journal.record import Value
from ivr.operator import desk
from ivr.operator.desk import Act, Target
from ivr.operator.desks import RESULT_SECONDS
from ivr.request.model import StatusImpossible
from ivr.web.access import Access, answer
from ivr.web.console.card import CATEGORIES, PAUSES, PROOFS
from ivr.web.console.state import Console
from ivr.web.forms import FormUnreadable, read_form
from ivr.web.pages import Pages, Section, language

_BEAT_SECONDS = 5.0
_GATHER_SECONDS = 0.05  # one act makes several records
_LONGEST_NOTE = 2000
_LONGEST_SITTING = 40

Fields = Mapping[str, str]
Do = Callable[[str, Fields], Awaitable[object]]


class _Wrong(Exception):
    """What was sent makes no sense; the sentence is for the person."""


class ConsoleSurface:
    """Fits `server.Surface`. `telephones`: where pages reach Asterisk's WebSocket, an address for each of our names."""

    sections: Sequence[Section] = (Section("/console", "Рабочее место", "Console", "take_calls"),)

    def __init__(self, console: Console, telephones: Sequence[str]) -> None:
        self._console = console
        self._controller = console.controller
        self._telephones = telephones

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        def page(request: Request) -> Awaitable[Response]:
            return self._page(request, pages)

        acts: Mapping[str, Do] = {
            "softphone": self._softphone,
            "telephone": self._telephone,
            "state": self._state,
            "act": self._act,
            "identity": self._identity,
            "recording": self._recording,
            "result": self._result,
        }
        return (
            access.route("/console", "take_calls", page),
            access.route("/api/console/stream", "take_calls", self._stream),
            access.route("/api/console/choices", "take_calls", self._choices),
            *(
                access.route(f"/api/console/{name}", "take_calls", _posted(act), ("POST",))
                for name, act in acts.items()
            ),
        )

    async def _page(self, request: Request, pages: Pages) -> Response:
        operator = request.state.visitor.account.name
        title = self._console.names.get(operator, operator)
        return pages.show(request, "console.html", title=title, pauses=PAUSES, categories=CATEGORIES, proofs=PROOFS)

    async def _choices(self, request: Request) -> Response:
        return answer(self._console.choices(request.state.visitor.account.name))

    async def _stream(self, request: Request) -> Response:
        operator, chosen = request.state.visitor.account.name, language(request)

        async def events() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            last = b""
            async with aclosing(self._controller.desks.watch(operator)) as changes:
                waiting = asyncio.ensure_future(anext(changes))
                try:
                    while True:
                        done, _ = await asyncio.wait((waiting,), timeout=_BEAT_SECONDS)
                        if done:
                            await asyncio.sleep(_GATHER_SECONDS)
                            waiting = asyncio.ensure_future(anext(changes))
                            state = orjson.dumps(await self._console.now(operator, chosen))
                            if state != last:
                                last = state
                                yield b"data: " + state + b"\n\n"
                                continue
                        yield b"event: beat\ndata: \n\n"
                finally:
                    waiting.cancel()
                    await asyncio.wait((waiting,))

        return StreamingResponse(events(), media_type="text/event-stream")

    # --- what an operator does; each answers what the page is to know ---

    async def _softphone(self, operator: str, fields: Fields) -> object:
        """A page that asks `again` by itself must not take the telephone from one that was opened after it."""
        sitting = fields.get("sitting", "")[:_LONGEST_SITTING]
        if not self._controller.line.connected:
            raise _Wrong("the telephony is away; the page tries again")
        if fields.get("again") == "1" and self._controller.softphones.elsewhere(operator, sitting):
            return {"elsewhere": True}
        account, password = await self._controller.softphones.issue(operator, sitting)
        return {"addresses": list(self._telephones), "account": account, "password": password}

    async def _telephone(self, operator: str, _: Fields) -> object:
        self._controller.softphones.use_telephone(operator)
        return {}

    async def _state(self, operator: str, fields: Fields) -> object:
        match fields.get("state"):
            case "ready":
                await self._controller.floor.ready(operator)
            case "paused" if (reason := fields.get("reason", "")) in PAUSES:
                await self._controller.floor.paused(operator, reason)
            case "gone":
                await self._controller.floor.gone(operator, "signed_out")
            case _:
                raise _Wrong("state is ready, gone, or paused with a reason")
        return {}

    async def _act(self, operator: str, fields: Fields) -> object:
        talk = self._controller.talk(self._controller.floor.in_hand(operator))
        if talk is None or talk.desk.operator != operator:
            raise _Wrong("there is no talk of yours now")
        after = await talk.act(_act(fields))
        return {"phase": after.phase}

    async def _recording(self, operator: str, fields: Fields) -> object:
        call, paused = self._own(operator, fields), fields.get("paused") == "1"
        if call != self._controller.floor.in_hand(operator):
            raise _Wrong("the talk is over")
        recorded = self._controller.switchboard.pause_recording(CallId(call), paused=paused)
        return {"paused": recorded and paused}

    async def _identity(self, operator: str, fields: Fields) -> object:
        call = self._own(operator, fields)
        checked = [proof for proof in PROOFS if fields.get(proof) == "1"]
        facts: dict[str, Value] = {"operator": operator, "checked": ",".join(checked), "proven": len(checked) >= 2}
        if call != self._controller.floor.in_hand(operator):
            raise _Wrong("the talk is over")
        self._controller.ledger.record(call, "identity_checked", data=facts)
        return {"proven": facts["proven"]}

    async def _result(self, operator: str, fields: Fields) -> object:
        call = self._own(operator, fields)
        category, note, status = fields.get("category", ""), fields.get("note", "").strip(), fields.get("status", "")
        resolved = fields.get("resolved") == "1"
        if category not in CATEGORIES or not note or len(note) > _LONGEST_NOTE:
            raise _Wrong(f"a result has a category and a text of at most {_LONGEST_NOTE} characters")
        if call == self._controller.floor.in_hand(operator):
            raise _Wrong("the talk is not over yet")
        own = await self._controller.ledger.requests.of_call(call)
        number = own.number if own else ""
        if own is not None and not resolved and status in ("in_progress", "needs_information"):
            try:
                await self._controller.ledger.clerk.set_status(number, status, operator)  # type: ignore[arg-type]
            except StatusImpossible:
                pass  # it is in that status already
        due = self._controller.desks.due(operator)[call]
        talked_until = due - RESULT_SECONDS
        facts: dict[str, Value] = {"request": number, "operator": operator, "resolved": resolved, "category": category}
        facts["after_seconds"] = round(self._controller.now() - talked_until, 1)
        self._controller.ledger.record(call, "result", data=facts, personal={"note": note})
        return {"request": number}

    def _own(self, operator: str, fields: Fields) -> str:
        call = fields.get("call", "")
        if not call or (
            call != self._controller.floor.in_hand(operator) and call not in self._controller.desks.due(operator)
        ):
            raise _Wrong("this is no call of yours, or its result is in already")
        return call


def _act(fields: Fields) -> Act:
    """The act that the fields describe."""
    reason = fields.get("escalation", "")[:_LONGEST_NOTE]
    match fields.get("act"):
        case "hold":
            return desk.Hold()
        case "resume":
            return desk.Resume()
        case "join":
            return desk.Join()
        case "complete":
            return desk.Complete()
        case "endtalk":
            return desk.EndTalk()
        case "requeue":
            return desk.Requeue("", fields.get("topic", ""), reason)
        case "askin" if (kind := fields.get("kind")) in ("operator", "outside") and fields.get("target"):
            target = Target("operator" if kind == "operator" else "outside", fields["target"])
            return desk.AskIn(target, fields.get("transfer") == "1", reason)
        case _:
            raise _Wrong("unknown act")


def _posted(do: Do) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            fields = await read_form(request)
            return answer(await do(request.state.visitor.account.name, fields))
        except FormUnreadable:
            return answer({"error": "fields are needed"}, 400)
        except _Wrong as wrong:
            return answer({"error": str(wrong)}, 400)
        except IvrError as error:
            return answer({"error": error.what, "hint": error.hint}, 409)

    return endpoint
