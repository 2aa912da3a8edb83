"""The studio: admins write plans and prompts, try them, and put them live, in the browser.

What is being written stays in the browser until it goes live: the folders hold finished work only, and each save there
goes live by itself (docs/decisions/plans-go-live.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ivr.config import Home
from ivr.dialplan.drafts import WORKING
from ivr.dialplan.findings_russian import russian
from ivr.dialplan.live import LivePlans
from ivr.dialplan.publish import Live
from ivr.dialplan.rehearsal import Operators
from ivr.dialplan.saving import Change, ChangedMeanwhile, content_of, mark_of, save, text_of
from ivr.dialplan.versions import digest_of, read_files
from ivr.errors import IvrError
from ivr.journal.audit import AuditLog
from ivr.web.access import Access, Visitor, answer
from ivr.web.pages import Pages, Section, language
from ivr.web.roles import Permission
from ivr.web.workshop import Workshop, WorkshopBusy

_MAY: Permission = "edit_plans"
_MOST_FILES = 40
_MOST_VERSIONS_SHOWN = 30
_LIVE_SECONDS = 90.0  # new prompts are spoken first

FileName = Annotated[str, Field(max_length=100)]
Texts = Annotated[Mapping[FileName, str], Field(max_length=_MOST_FILES)]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: Texts = Field(description="What is being written, by file.")


class _Check(_Asked):
    file: FileName


class _Call(_Asked):
    plan: Annotated[str, Field(max_length=64)]
    lines: Annotated[Sequence[Annotated[str, Field(max_length=500)]], Field(max_length=200)] = ()
    at: Annotated[str, Field(max_length=16)] = ""
    caller: Annotated[str, Field(pattern=r"^\+?[0-9]{0,15}$")] = ""
    operators: Operators = "free"


class _Compare(_Asked):
    version: Annotated[int, Field(ge=WORKING, le=1_000_000)] = 0


class _Changed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    base: Annotated[str, Field(max_length=16)]


class _Publish(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: Annotated[Mapping[FileName, _Changed], Field(max_length=_MOST_FILES)]


class _RollBack(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=1_000_000)]


Body = TypeVar("Body", bound=BaseModel)
Outcome = TypeVar("Outcome")


class Studio:
    """The page and what it asks for. Every change is in the audit log before it is made."""

    sections: Sequence[Section] = (Section("/studio", "Студия", "Studio", _MAY),)

    def __init__(self, home: Home, live: LivePlans, audit: AuditLog, workshop: Workshop | None = None) -> None:
        self._home = home
        self._live = live
        self._audit = audit
        self._workshop = workshop or Workshop(home)
        self._one_at_a_time = asyncio.Lock()

    def routes(self, access: Access, pages: Pages) -> Sequence[BaseRoute]:
        async def page(request: Request) -> Response:
            shown = pages.show(request, "studio.html")
            shown.background = BackgroundTask(self._workshop.prepare)
            return shown

        def post(name: str, body: type[Body], act: Callable[[Body, str], Any]) -> BaseRoute:
            return access.route(f"/api/studio/{name}", _MAY, _answering(body, act), ["POST"])

        return (
            access.route("/studio", _MAY, page),
            access.route("/api/studio/files", _MAY, self.files),
            access.route("/api/studio/file/{folder}/{name}", _MAY, self.file),
            post("check", _Check, self.check),
            post("call", _Call, self.call),
            post("test", _Asked, self.test),
            post("compare", _Compare, self.compare),
            post("publish", _Publish, self.publish),
            post("rollback", _RollBack, self.roll_back),
        )

    async def files(self, _: Request) -> Response:
        """The working files with their marks, and the versions, latest first."""
        return answer(await asyncio.to_thread(self._files))

    async def file(self, request: Request) -> Response:
        """A file's text as it is now, and its mark."""
        name = f"{request.path_params['folder']}/{request.path_params['name']}"
        try:
            content = await asyncio.to_thread(content_of, self._home, name)
            return answer({"file": name, "text": text_of(content, name), "base": mark_of(content)})
        except IvrError as error:
            return answer({"error": error.what, "hint": error.hint}, 404)

    async def check(self, asked: _Check, _: str) -> object:
        found = await self._workshop.ask("check", texts=asked.texts, file=asked.file)
        return found | {"files": await asyncio.to_thread(self._marks)}

    async def call(self, asked: _Call, _: str) -> object:
        return await self._workshop.ask("call", **asked.model_dump(mode="json"))

    async def test(self, asked: _Asked, _: str) -> object:
        return await self._workshop.ask("test", texts=asked.texts)

    async def compare(self, asked: _Compare, _: str) -> object:
        return await self._workshop.ask("compare", texts=asked.texts, version=asked.version)

    async def publish(self, asked: _Publish, who: str) -> object:
        """Test, then save, then wait until the files are live; what fails leaves the files as they were."""
        texts = {file: change.text for file, change in asked.changes.items()}
        tested = await self._workshop.ask("test", texts=texts)
        if not tested["ok"]:
            return {"live": None, "tested": tested}
        changes = {file: Change(change.text, change.base) for file, change in asked.changes.items()}
        async with self._one_at_a_time:
            facts = {file: f"{change.base} → {mark_of(change.text.encode())}" for file, change in changes.items()}
            await self._audit.note(who, "publish_plans", ", ".join(changes), facts)
            digest = await asyncio.to_thread(self._save, changes)
            outcome = await _soon(self._live.outcome(digest))
        if isinstance(outcome, Live):
            return {"live": outcome.version.number, "tested": tested}
        raise IvrError(f"the files are saved, but did not go live: {outcome}")

    async def roll_back(self, asked: _RollBack, who: str) -> object:
        """An earlier version for new calls; the working files stay as they are."""
        async with self._one_at_a_time:
            await self._audit.note(who, "roll_back_plans", str(asked.version))
            version = await asyncio.to_thread(self._back_to, asked.version)
            await _soon(self._live.goes_live(version))
        return {"live": version}

    # --- on the disk: in a thread ---
    def _files(self) -> dict[str, Any]:
        files = read_files(self._home.root)
        versions = self._live.versions
        live = versions.live()
        return {
            "files": _marks(files),
            "live": live.number if live else 0,
            "differs": live is None or digest_of(files) != live.digest,
            "versions": [
                {"number": version.number, "at": version.at.timestamp(), "changed": version.changed}
                for version in reversed(versions.all()[-_MOST_VERSIONS_SHOWN:])
            ],
        }

    def _marks(self) -> dict[str, str]:
        return _marks(read_files(self._home.root))

    def _save(self, changes: Mapping[str, Change]) -> str:
        save(self._home, changes)
        digest = digest_of(read_files(self._home.root))
        self._live.try_again(digest, even_if_new=not changes)
        return digest

    def _back_to(self, number: int) -> int:
        return self._live.versions.back_to(number, digest_of(read_files(self._home.root))).number


def _marks(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: mark_of(content) for name, content in files.items()}


async def _soon(happens: Coroutine[Any, Any, Outcome]) -> Outcome:
    try:
        async with asyncio.timeout(_LIVE_SECONDS):
            return await happens
    except TimeoutError:
        hint = "`ivr versions` tells whether it is; the log says why not"
        raise IvrError("this is not live after a minute and a half", hint=hint) from None


def _worded(request: Request, facts: Any) -> Any:
    """What the checker and we say, in the visitor's language."""
    if language(request) != "ru" or not isinstance(facts, Mapping):
        return facts
    said = {key: russian(str(facts[key])) for key in ("error", "hint") if key in facts}
    findings = [
        {**each, "message": russian(each["message"]), "hint": russian(each["hint"])}
        for each in facts.get("findings", ())
    ]
    return {**facts, **said, **({"findings": findings} if "findings" in facts else {})}


def _answering(body: type[Body], act: Callable[[Body, str], Any]) -> Callable[[Request], Any]:
    """An endpoint that reads `body` from JSON, does `act` in the name of the visitor, and says what is wrong."""

    async def endpoint(request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        try:
            asked = body.model_validate(orjson.loads(await request.body()))
        except (orjson.JSONDecodeError, ValidationError):
            return answer({"error": "this is not what the page sends"}, 400)
        try:
            return answer(_worded(request, await act(asked, visitor.account.name)))
        except ChangedMeanwhile as changed:
            marks = {file: {"text": text, "base": mark_of(text.encode())} for file, text in changed.files.items()}
            return answer(_worded(request, {"error": changed.what, "hint": changed.hint, "changed": marks}), 409)
        except WorkshopBusy as busy:
            return answer(_worded(request, {"error": busy.what, "hint": busy.hint}), 429)
        except IvrError as error:
            return answer(_worded(request, {"error": error.what, "hint": error.hint}), 422)

    return endpoint
