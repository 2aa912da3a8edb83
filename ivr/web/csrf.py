"""No foreign page acts for who is signed in: a change by cookie carries a token that only our own pages know. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FIELD = "csrf"
HEADER = "x-csrf-token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def token(session: str) -> str:
    """The token of a session: nothing is kept for it, and the session cannot be had from it."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_safe(method: str) -> bool:
    """Whether a request of that method changes nothing."""
    return method in _SAFE_METHODS


def is_ours(session: str, headers: Mapping[str, str], fields: Mapping[str, str]) -> bool:
    """Whether one of our own pages, of this very session, sent the request."""
    sent = headers.get(HEADER) or fields.get(FIELD, "")
    return hmac.compare_digest(sent.encode(), token(session).encode())
