"""What a page sends: fields of a form or of a JSON object, never more than a form can hold."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

_MOST_FIELDS = 100


class FormUnreadable(Exception):
    """The body is neither a form nor a JSON object of plain values."""


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields by name, each as text; may be called again. Raises FormUnreadable."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if not body:
        return {}
    try:
        if kind == "application/json":
            content = orjson.loads(body)
            if not isinstance(content, dict) or any(isinstance(value, dict | list) for value in content.values()):
                raise FormUnreadable
            return {name: "" if value is None else str(value) for name, value in content.items()}
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
            return dict(pairs)
    except ValueError:
        pass  # of whatever kind: said below
    raise FormUnreadable
