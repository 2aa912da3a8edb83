"""A whole application with a real store behind it, for accounts and the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio
from starlette.applications import Starlette

from ivr.app import Controller
from ivr.dialplan.live import LivePlans
from tests.store.conftest import store as store  # noqa: PLC0414 - fixtures are found by name
from tests.store.conftest import store_port as store_port  # noqa: PLC0414
from tests.web.application import plans_in, whole_application


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LivePlans]:
    root = tmp_path_factory.mktemp("hotline")
    return root, plans_in(root)


@pytest.fixture
async def whole(
    store: redis.asyncio.Redis, store_port: int, home: tuple[Path, LivePlans], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Starlette, Controller]]:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{store_port}/0")
    application, controller = whole_application(*home)
    yield application, controller
    await controller.redis.aclose()
