"""Pages from the templates beside this file: Russian first, English beside it, with the way to what a role may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ivr.queue.reason_words import Language
from ivr.web.access import Visitor
from ivr.web.roles import Permission, may

LANGUAGE_COOKIE = "ivr_language"
_TEMPLATES = Path(__file__).parent / "templates"
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Section:
    """A page that the navigation leads to, for those who may."""

    path: str
    russian: str
    english: str
    permission: Permission


class Pages:
    """Renders templates. In them, `t("Очередь", "Queue")` is the text in the visitor's language."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = sections
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> Sequence[BaseRoute]:
        return (Route("/language/{language}", self.choose_language),)

    def show(self, request: Request, template: str, status_code: int = 200, **values: Any) -> Response:
        """The page, with `visitor` (None before sign-in), `language`, `t` and `sections` beside the values."""
        return HTMLResponse(self.render(request, template, values), status_code)

    def render(self, request: Request, template: str, values: Mapping[str, Any]) -> str:
        """A page or a part of one."""
        chosen = language(request)
        visitor: Visitor | None = getattr(request.state, "visitor", None)

        def t(russian: str, english: str) -> str:
            return russian if chosen == "ru" else english

        return self._templates.get_template(template).render(
            values,
            t=t,
            language=chosen,
            visitor=visitor,
            path=request.url.path,
            sections=[each for each in self._sections if visitor and may(visitor.account.role, each.permission)],
        )

    async def choose_language(self, request: Request) -> Response:
        """Remember the language and go back to where the visitor was."""
        chosen = request.path_params["language"]
        back = request.query_params.get("back", "/")
        # to a page of ours only: "//elsewhere" and "/\\elsewhere" are addresses of other hosts
        local = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
        response = RedirectResponse(back if local else "/", 303)
        if chosen in get_args(Language):
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
        return response


def language(request: Request) -> Language:
    """What the visitor chose; Russian at first."""
    return "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else "ru"
