"""Connections to the store: in plain text on this machine only, by TLS 1.3 beyond it; by way of Sentinel if need be."""

from __future__ import annotations

import ipaddress
import os
import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from ivr.errors import SetupFailed

_WITHOUT_TLS = "IVR_STORE_WITHOUT_TLS"
_BY_SENTINEL = "+sentinel"
_SENTINEL_SECONDS = 0.5
_FOR_SENTINELS: dict[str, Any] = {
    "socket_connect_timeout": _SENTINEL_SECONDS,
    "socket_timeout": _SENTINEL_SECONDS,
    "retry": Retry(NoBackoff(), 0),  # the others are asked instead
}


def connect(url: str, password: str | None = None, **options: Any) -> Redis:
    """A client of the store at `url` (`redis://`, `rediss://`, `unix://`); `options` as of `Redis.from_url`.

    `redis+sentinel://[user:password@]host:port[,host:port…]/NAME[/DB]` (or `rediss+sentinel://`) asks those sentinels
    who the master called NAME is, again after each failover. SetupFailed when it would speak to another machine in
    plain text.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.removesuffix(_BY_SENTINEL)
    if scheme == "rediss":
        options["ssl_min_version"] = ssl.TLSVersion.TLSv1_3
    if scheme != parts.scheme:
        return _by_sentinel(scheme, parts, options)
    _require_tls(scheme, parts.hostname or "localhost")
    return Redis.from_url(url, password=password, **options)


def _by_sentinel(scheme: str, parts: SplitResult, options: dict[str, Any]) -> Redis:
    user, at, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    sentinels = [(each.hostname, each.port) for each in (urlsplit(f"//{host}") for host in hosts.split(","))]
    if not name or not all(host and port for host, port in sentinels):
        raise SetupFailed(
            "the store's sentinels are not to be understood",
            where="REDIS_URL",
            hint=f"write {scheme}{_BY_SENTINEL}://user:password@host:26379,host:26379/NAME",
        )
    for host, _ in sentinels:
        _require_tls(scheme, str(host))
    # The library reads no such address: it gets one of an ordinary server, for all that is in it but the server.
    wanted: dict[str, Any] = dict(parse_url(f"{scheme}://{user}{at}localhost/{database}?{parts.query}"))
    for place in ("host", "port", "connection_class"):
        wanted.pop(place, None)
    wanted |= options
    encryption = {key: value for key, value in wanted.items() if key.startswith("ssl_")}
    if scheme == "rediss":
        encryption["ssl"] = True
    watchers = Sentinel(sentinels, sentinel_kwargs=_FOR_SENTINELS | encryption)  # type: ignore[no-untyped-call]  # the library's
    master: Redis = watchers.master_for(name, connection_pool_class=_Master, **(wanted | encryption))
    return master


class _Master(SentinelConnectionPool):
    """Connections to whoever is master now."""

    async def get_master_address(self) -> Any:
        host, port = await super().get_master_address()  # type: ignore[no-untyped-call]  # the library's
        try:
            _require_tls("rediss" if "ssl" in self.sentinel_manager.sentinel_kwargs else "redis", host)
        except SetupFailed as refused:
            raise RedisConnectionError(f"{refused.what}: {refused.hint}") from refused
        return host, port

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        if inuse_connections:  # at the end
            await self.sentinel_manager.aclose()


def _require_tls(scheme: str, host: str) -> None:
    if scheme == "redis" and not (is_loopback(host) or _alone_on_the_wire()):
        raise SetupFailed(
            f"the store at {host} would be spoken to without TLS",
            where="REDIS_URL",
            hint=f"write rediss://…?ssl_ca_certs=FILE; on a wire that is nobody else's, set {_WITHOUT_TLS}=yes",
        )


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
