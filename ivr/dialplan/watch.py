"""Tells when files in folders change, as the kernel reports it: Linux's inotify, in the event loop, without polling."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

_CLOSED_AFTER_WRITE = 0x00000008
_MOVED_HERE = 0x00000080
_MOVED_AWAY = 0x00000040
_DELETED = 0x00000200
_WANTED = _CLOSED_AFTER_WRITE | _MOVED_HERE | _MOVED_AWAY | _DELETED

SETTLE_SECONDS = 0.3
"""Editors save several files, and one file in several steps; this long after the last of them is soon enough."""


async def changes(folders: Sequence[Path], settle_seconds: float = SETTLE_SECONDS) -> AsyncIterator[None]:
    """Yields once at the start, for what changed while nobody looked, and then after each burst of changes.

    Changes during the caller's own work are not lost.
    """
    descriptor = _open(folders)
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    changed.set()

    def drain() -> None:
        os.read(descriptor, 65536)
        changed.set()

    loop.add_reader(descriptor, drain)
    try:
        while True:
            await changed.wait()
            while changed.is_set():
                changed.clear()
                await asyncio.sleep(settle_seconds)
            yield
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _open(folders: Sequence[Path]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for folder in folders:
        if libc.inotify_add_watch(descriptor, os.fsencode(folder), _WANTED) < 0:
            error = ctypes.get_errno()
            os.close(descriptor)
            raise OSError(error, os.strerror(error), str(folder))
    return descriptor
