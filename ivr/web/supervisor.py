"""The supervisor's page: queues, calls and operators with everything that may be done to them, and who did what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from ivr.errors import IvrError
from ivr.queue.model import AuditEntry
from ivr.queue.notices import NoticeBoard
from ivr.web import words
from ivr.web.access import Access, answer
from ivr.web.acts import ActRefused, Acts
from ivr.web.forms import FormUnreadable, read_form
from ivr.web.pages import Pages, Section, language
from ivr.web.status import Status

_ZONE = ZoneInfo("Europe/Moscow")
_ROWS = 50


class Supervisor:
    """`audit(newest)`: the last acts on the queue, newest first; `sayable`: prompt → words of each notice there is.

    `headset(supervisor)` lends the page an account and its password, `telephones` is where it reaches Asterisk.
    """

    def __init__(
        self,
        acts: Acts,
        status: Callable[[], Awaitable[Status]],
        audit: Callable[[int], Awaitable[Sequence[AuditEntry]]],
        notices: NoticeBoard,
        sayable: Callable[[], Mapping[str, str]],
        headset: Callable[[str], Awaitable[tuple[str, str]]],
        telephones: Sequence[str],
    ) -> None:
        self.sections = (Section("/supervisor", "Управление", "Supervision", "supervise"),)
        self._acts = acts
        self._status = status
        self._audit = audit
        self._notices = notices
        self._sayable = sayable
        self._headset = headset
        self._telephones = telephones

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        self._pages = pages
        return (
            access.route("/supervisor", "supervise", self.page),
            access.route("/supervisor/board", "supervise", self.board),
            access.route("/api/supervisor/headset", "supervise", self.headset, methods=["POST"]),
            access.route("/api/acts/{act}", "supervise", self.act, methods=["POST"]),
        )

    async def page(self, request: Request) -> Response:
        return await self._shown(request, "supervisor.html")

    async def board(self, request: Request) -> Response:
        """The changing part of the page."""
        return await self._shown(request, "supervisor-board.html")

    async def headset(self, request: Request) -> Response:
        """What the page needs in order to be rung."""
        try:
            account, password = await self._headset(request.state.visitor.account.name)
        except IvrError as error:
            return answer({"error": error.what}, 409)
        return answer({"addresses": list(self._telephones), "account": account, "password": password})

    async def act(self, request: Request) -> Response:
        """POST the fields of one act; answers with what was done and what undoes it, as JSON or part of the page."""
        try:
            acted = await self._acts.act(
                request.path_params["act"], await read_form(request), request.state.visitor.account.name
            )
        except FormUnreadable:
            return answer({"error": "a form or a JSON object is needed"}, 400)
        except ActRefused as refused:
            if "hx-request" in request.headers:
                return self._pages.show(request, "acted.html", 409, refused=refused, acted=None)
            return answer({"error": refused.what}, 409)
        if "hx-request" in request.headers:
            return self._pages.show(request, "acted.html", acted=acted, refused=None)
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/supervisor", 303)  # a browser without scripts
        return answer({"done": acted.english, "undo": acted.undo})

    async def _shown(self, request: Request, template: str) -> Response:
        chosen = language(request)

        def moment(seconds: float) -> str:
            return f"{datetime.fromtimestamp(seconds, _ZONE):%H:%M:%S}"

        status = await self._status()
        titles = {operator.name: operator.title for operator in status.operators}
        return self._pages.show(
            request,
            template,
            status=status,
            waiting=status.waiting[:_ROWS],
            audit=await self._audit(15),
            titles=titles,
            notices={notice.prompt: notice for notice in self._notices.on},
            sayable=self._sayable(),
            moment=moment,
            words=words.chosen(chosen),
        )
