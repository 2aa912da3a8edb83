"""The store behind TLS: version 1.3 or nothing, and only with a certificate that is known."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from ivr.store import connect
from tests.certificate import self_signed


@contextlib.asynccontextmanager
async def encrypted(store_port: int, folder: Path, latest: ssl.TLSVersion) -> AsyncIterator[int]:
    """A TLS port in front of the store, as a TLS-terminating proxy or a server built with TLS has it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "store.crt", folder / "store.key")
    context.maximum_version = latest

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", store_port)
        await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer), return_exceptions=True)

    async with await asyncio.start_server(serve, "localhost", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    self_signed(tmp_path / "store.crt", tmp_path / "store.key")
    return tmp_path


async def test_tls_1_3_with_a_known_certificate_serves(store_port: int, folder: Path) -> None:
    async with (
        encrypted(store_port, folder, ssl.TLSVersion.TLSv1_3) as port,
        connect(f"rediss://localhost:{port}/0?ssl_ca_certs={folder / 'store.crt'}") as store,
    ):
        assert await store.ping()


async def test_an_older_version_is_refused(store_port: int, folder: Path) -> None:
    async with encrypted(store_port, folder, ssl.TLSVersion.TLSv1_2) as port:
        store = connect(f"rediss://localhost:{port}/0?ssl_ca_certs={folder / 'store.crt'}")
        with pytest.raises(RedisConnectionError):
            await store.ping()
        await store.aclose()


async def test_a_strangers_certificate_is_refused(store_port: int, folder: Path) -> None:
    self_signed(folder / "other.crt", folder / "other.key")
    async with encrypted(store_port, folder, ssl.TLSVersion.TLSv1_3) as port:
        store = connect(f"rediss://localhost:{port}/0?ssl_ca_certs={folder / 'other.crt'}")
        with pytest.raises(RedisConnectionError):
            await store.ping()
        await store.aclose()
