"""Services of other systems that plans may ask over HTTP: only those of `config/services.yaml`, with bounds.

The host is the admin's own choice, be it inside the house: what a caller said can only become a part of the path or the
query, quoted. Redirects are not followed, an answer is a JSON object of 64 KB at most that comes within 10 s, packed or
not it is never unpacked, and neither address nor answer ever reaches a log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from ivr.dialplan.services import HttpService
from ivr.errors import IvrError

_LONGEST_SECONDS = 10.0
_LARGEST_BYTES = 64 * 1024
_UPWARDS = frozenset({".", ".."})  # as a part of a path they lead to another one, quoted or not

_TYPES: Mapping[str, Any] = {"yes_no": bool, "number": (int, float), "text": str}

Found = Mapping[str, str | int | float | bool]


class ServiceFailed(IvrError):
    """The service did not answer, or not as was agreed."""


class HttpServices:
    """Asks inside `async with`."""

    def __init__(self, services: Mapping[str, HttpService], longest_seconds: float = _LONGEST_SECONDS) -> None:
        self._services = services
        self._longest_seconds = longest_seconds
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._longest_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a few packed bytes may unpack to gigabytes
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    def __contains__(self, name: str) -> bool:
        return name in self._services

    async def look_up(self, name: str, arguments: Mapping[str, str]) -> Found:
        """The parts of the answer that the service promises; empty when it knows nothing (404). `ServiceFailed`."""
        assert self._http is not None, "services are asked inside `async with`"
        service = self._services[name]
        if any(value in _UPWARDS for value in arguments.values()):
            raise ServiceFailed(f'the service "{name}" cannot be asked about dots')
        address = service.url.format_map({key: quote(value, safe="") for key, value in arguments.items()})
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if service.token_from:
            headers["Authorization"] = f"Bearer {os.environ.get(service.token_from, '')}"
        try:
            async with self._http.get(address, headers=headers, allow_redirects=False) as answer:
                if answer.status == 404:
                    return {}
                if answer.status != 200:
                    raise ServiceFailed(f'the service "{name}" answered {answer.status}')
                body = await answer.content.read(_LARGEST_BYTES + 1)
                while len(body) <= _LARGEST_BYTES and (more := await answer.content.read(_LARGEST_BYTES)):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ServiceFailed(f'the service "{name}" does not answer: {type(error).__name__}') from None
        if len(body) > _LARGEST_BYTES:
            raise ServiceFailed(f'the service "{name}" answered more than {_LARGEST_BYTES} bytes')
        return _parts(name, service, body)


def _parts(name: str, service: HttpService, body: bytes) -> Found:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ServiceFailed(f'the service "{name}" did not answer in JSON') from None
    if not isinstance(found, dict):
        raise ServiceFailed(f'the service "{name}" did not answer with a JSON object')
    parts: dict[str, str | int | float | bool] = {}
    for part, kind in service.gives.items():
        value = found.get(part)
        if isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "yes_no"):
            parts[part] = value
        elif value is not None:
            raise ServiceFailed(f'the service "{name}" gave a "{part}" that is no {kind}')
    return parts
