"""Two controllers on one machine: one serves, the other has everything read and waits to take its place.

Who serves holds a file's lock, which the kernel gives back the moment the process is gone, however it went: a new
controller would need seconds to load what the waiting one has loaded already.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ivr.supervise import started


@contextlib.contextmanager
def turn_to_serve(path: Path) -> Iterator[asyncio.Future[None]]:
    """Stand in line for the lock of `path`; the future is done when it is ours, until the block ends.

    The file then tells this process's id, and when it was started.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    ours: asyncio.Future[None] = loop.create_future()

    def mark(lock: TextIO) -> None:
        if not ours.done():
            lock.seek(0)
            lock.truncate()
            lock.write(f"{os.getpid()} {started(os.getpid())}")
            lock.flush()
            ours.set_result(None)

    def wait(lock: TextIO) -> None:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(RuntimeError):  # the loop has ended: so does the process, and with it the lock
            loop.call_soon_threadsafe(mark, lock)

    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A thread of its own, not of the loop's pool: nothing can end a wait for a lock, and nobody waits for it.
            threading.Thread(target=wait, args=(lock,), daemon=True, name="turn to serve").start()
        else:
            mark(lock)
        yield ours
        ours.cancel()


@contextlib.contextmanager
def standing_by(path: Path) -> Iterator[None]:
    """Inside the block, others see by the lock of `path` that this process could take over at once."""
    with path.open("a+") as lock:
        with contextlib.suppress(BlockingIOError):  # a third one waits already
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def held(path: Path) -> bool:
    """Whether some process holds the lock of `path`: serves, or stands by."""
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def serving(path: Path) -> int | None:
    """The process that served last; None when it cannot be seen from here: it has ended, or is another container's.

    There its id is that of some other process here, often of the one that asks.
    """
    try:
        process, _, since = path.read_text().partition(" ")
        return int(process) if since and started(int(process)) == since else None
    except (OSError, ValueError):
        return None
