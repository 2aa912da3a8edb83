"""Connections to the store: in plain text on this machine only, by TLS 1.3 beyond it."""

from __future__ import annotations

import ipaddress
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from ivr.errors import SetupFailed

_WITHOUT_TLS = "IVR_STORE_WITHOUT_TLS"


def connect(url: str, password: str | None = None, **options: Any) -> Redis:
    """A client of the store at `url` (`redis://`, `rediss://`, `unix://`); `options` as of `Redis.from_url`.

    SetupFailed when it would speak to another machine in plain text.
    """
    parts = urlsplit(url)
    if parts.scheme == "rediss":
        options["ssl_min_version"] = ssl.TLSVersion.TLSv1_3
    elif parts.scheme == "redis" and not (is_loopback(parts.hostname or "localhost") or _alone_on_the_wire()):
        raise SetupFailed(
            f"the store at {parts.hostname} would be spoken to without TLS",
            where="REDIS_URL",
            hint=f"write rediss://…?ssl_ca_certs=FILE; on a wire that is nobody else's, set {_WITHOUT_TLS}=yes",
        )
    return Redis.from_url(url, password=password, **options)


def _alone_on_the_wire() -> bool:
    return os.environ.get(_WITHOUT_TLS) == "yes"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
