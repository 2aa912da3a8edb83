"""For all tests: no example is judged by how long it took, and what shares a hotline runs in one process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_TESTS = Path(__file__).parent


class HotlinesApart(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Files are shared out, but those that use a folder's hotline go together, so that it is started once."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> HotlinesApart:
    """For `pytest -n 2`: who runs what."""
    return HotlinesApart(config, log)


@cache
def _group(file: str) -> str:
    path = _TESTS.parent / file
    common = path.parent / "conftest.py"
    shares = common.exists() and "def shared_hotline" in common.read_text(encoding="utf-8")
    starts_its_own = "running_hotline(" in path.read_text(encoding="utf-8")
    return str(path.parent) if shares and not starts_its_own else file
