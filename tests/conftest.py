"""For all tests: no example is judged by how long it took, and what shares a hotline runs in one process."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests belong together when several processes share them (`pytest -n 2 --dist loadgroup`).

    A folder's shared hotline is started once, by the process that runs all of its tests; a file that starts one of its
    own is a group of its own. Tests of what is pure go to whoever is free.
    """
    for item in items:
        if "unit" in item.path.parts:
            continue
        shares = "shared_hotline" in getattr(item, "fixturenames", ())
        own = not shares or hasattr(getattr(item, "module", None), "shared_hotline")
        item.add_marker(pytest.mark.xdist_group(str(item.path if own else item.path.parent)))
