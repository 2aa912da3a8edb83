"""For all tests: no example is judged by how long it took, and what shares a hotline runs in one process.

Who may take longest starts first: what starts last is what everybody waits for.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_TESTS = Path(__file__).parent
_USES_A_HOTLINE = re.compile(r"\b(hotline|agent|signed_in): ")  # as a test asks for it


class HotlinesApart(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Files are shared out, but those that use a folder's hotline go together, so that it is started once."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> HotlinesApart:
    """For `pytest -n 2`: who runs what."""
    config.option.loadscopereorder = False  # it would have most tests first, however quick
    return HotlinesApart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that share a hotline are as long as their tests' time limits together; without one a test is quick."""
    seconds, tests = Counter[str](), Counter[str]()
    for item in items:
        group, limit = _group_of(item), item.get_closest_marker("timeout")
        seconds[group] += limit.args[0] if limit else 0
        tests[group] += 1
    items.sort(key=lambda item: (-seconds[_group_of(item)], -tests[_group_of(item)]))


def _group_of(item: pytest.Item) -> str:
    return _group(item.nodeid.partition("::")[0])


@cache
def _group(file: str) -> str:
    path = _TESTS.parent / file
    common, text = path.parent / "conftest.py", path.read_text(encoding="utf-8")
    has_one = common.exists() and "def shared_hotline" in common.read_text(encoding="utf-8")
    starts_its_own = "running_hotline(" in text
    return str(path.parent) if has_one and not starts_its_own and _USES_A_HOTLINE.search(text) else file
