"""Notices to all callers, for the supervisor's page: what is on, what there is, and the switch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ivr.queue.notices import NoticeBoard
from ivr.web.access import Access, answer
from ivr.web.pages import Pages, Section

_LONGEST_SECONDS = 7 * 86_400.0


class NoticesApi:
    """`known()`: the prompts that may be a notice, with their Russian words."""

    sections: Sequence[Section] = ()

    def __init__(self, board: NoticeBoard, known: Callable[[], dict[str, str]]) -> None:
        self._board = board
        self._known = known

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:  # noqa: ARG002 -- it has no page of its own
        return (
            access.route("/api/notices", "see_status", self.listed),
            access.route("/api/notices", "supervise", self.switch, methods=("POST",)),
        )

    async def listed(self, _: Request) -> Response:
        """`{"on": [{prompt, by, at, until}], "known": {prompt: words}}`."""
        return answer({"on": [asdict(notice) for notice in await self._board.load()], "known": self._known()})

    async def switch(self, request: Request) -> Response:
        """Takes `{"prompt", "on": true or false, "seconds": 0 for until further notice}`."""
        try:
            wanted: Any = json.loads(await request.body())
            prompt, on, seconds = str(wanted["prompt"]), bool(wanted["on"]), float(wanted.get("seconds", 0))
        except (ValueError, KeyError, TypeError, AttributeError):
            return answer({"error": 'send {"prompt": …, "on": true or false}'}, 400)
        if not 0 <= seconds <= _LONGEST_SECONDS:
            return answer({"error": f"a notice lasts {_LONGEST_SECONDS:.0f} seconds at most"}, 400)
        who = request.state.visitor.account.name
        if not on:
            await self._board.switch_off(prompt, who)
        elif prompt in self._known():
            await self._board.switch_on(prompt, who, seconds)
        else:
            return answer({"error": "there is no such notice in the languages of all lines"}, 404)
        return await self.listed(request)
