"""Who serves: a file that several containers share names a process that only one of them has."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ivr.spare import held, serving, turn_to_serve


async def test_who_serves_is_named(tmp_path: Path) -> None:
    path = tmp_path / "serving"
    with turn_to_serve(path) as ours:
        async with asyncio.timeout(10):
            await ours
        assert held(path)
        assert serving(path) == os.getpid()
    assert not held(path)


def test_a_process_of_another_container_is_not_taken_for_ours_of_the_same_id(tmp_path: Path) -> None:
    path = tmp_path / "serving"
    path.write_text(f"{os.getpid()} 1")
    assert serving(path) is None
    path.write_text(str(os.getpid()))
    assert serving(path) is None
