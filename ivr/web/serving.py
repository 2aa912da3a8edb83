"""Runs a web application inside the controller's event loop: plain HTTP on the loopback, TLS 1.3 beyond it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from ivr.errors import SetupFailed
from ivr.store import is_loopback
from ivr.web.connection import Connection, Socket
from ivr.web.limits import MOST_HEADER_BYTES, MOST_MESSAGE_BYTES

_GOODBYE_SECONDS = 1


async def serve(
    app: Starlette, host: str, port: int, *, certificate: Path | None = None, private_key: Path | None = None
) -> None:
    """Serve until cancelled, then say goodbye to open pages within a second. SetupFailed when it cannot begin."""
    if certificate is None and not is_loopback(host):
        raise SetupFailed(
            f"the web interface will not listen on {host} without TLS",
            hint="set a certificate and its private key, or the host 127.0.0.1",
        )
    config = configuration(app, certificate, private_key)
    with _listening(host, port) as listening:
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]), name="web server")
        try:
            await asyncio.shield(task)
        finally:
            server.should_exit = True
            await asyncio.wait({task}, timeout=_GOODBYE_SECONDS + 2)
            task.cancel()


def configuration(app: Starlette, certificate: Path | None = None, private_key: Path | None = None) -> uvicorn.Config:
    """How an application is served: what is limited, what is logged, and by which protocols."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="error",  # a line for each nonsensical request would fill the disk
        access_log=False,
        http=Connection,
        ws=Socket,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        ws_max_size=MOST_MESSAGE_BYTES,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    return config


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the controller."""
        yield


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SetupFailed(
            f"the web interface cannot listen on {host}:{port}: {error.strerror}",
            hint="stop what uses the port, or set another one",
        ) from None
