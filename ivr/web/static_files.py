"""Style sheets and scripts, read and packed once at the start: no page waits for the disk, nor any call for packing."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

_WORTH_PACKING = 1000


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes
    kind: str
    mark: str


class StaticFiles:
    """An ASGI application that serves what `folder` held when it was made; a folder that is not there is empty."""

    def __init__(self, folder: Path) -> None:
        paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
        self._files = {str(path.relative_to(folder)): _read(path) for path in paths}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response(scope)(scope, receive, send)

    def _response(self, scope: Scope) -> Response:
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
        found = self._files.get(path)
        if found is None:
            return PlainTextResponse("there is no such file\n", 404)
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("it can only be read\n", 405)
        sent = {name: value.decode("latin-1") for name, value in scope["headers"]}
        headers = {"etag": found.mark, "vary": "accept-encoding"}
        if sent.get(b"if-none-match") == found.mark:
            return Response(status_code=304, headers=headers)
        if found.packed and "gzip" in sent.get(b"accept-encoding", ""):
            return Response(found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=found.kind)
        return Response(found.content, headers=headers, media_type=found.kind)


def _read(path: Path) -> _File:
    content = path.read_bytes()
    packed = gzip.compress(content, mtime=0) if len(content) > _WORTH_PACKING else b""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(content, packed, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
