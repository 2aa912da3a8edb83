"""Where batches wait on disk while the store is away: one file a writer, one line a batch.

Blocking; the journal calls it from a thread.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ivr.journal import wire

_SUFFIX = ".spool"


class Spool:
    """The spool file of one writer; its lock tells other controllers that the writer lives and replays it itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = path.name.removesuffix(_SUFFIX)
        self._descriptor: int | None = None

    @classmethod
    def of(cls, directory: Path, writer: str) -> Spool:
        """The spool of `writer`; its file appears with the first batch."""
        return cls(directory / f"{writer}{_SUFFIX}")

    @classmethod
    def left_behind(cls, directory: Path) -> list[Spool]:
        """Spools, oldest first, of writers that are gone; each is locked for us."""
        paths = sorted(directory.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
        return [spool for spool in map(cls, paths) if spool.lock()]

    def lock(self) -> bool:
        """Make the file ours; False when its writer lives."""
        return self._locked(os.O_RDWR) is not None

    def append(self, batches: Iterable[wire.Batch]) -> None:
        """Write batches through to the disk; OSError leaves the file as it was."""
        descriptor = self._locked(os.O_RDWR | os.O_CREAT)
        if descriptor is None:
            raise OSError(f"{self.path} is in use by another process")
        size = os.lseek(descriptor, 0, os.SEEK_END)
        rest = memoryview("".join(f"{wire.batch_to_line(batch)}\n" for batch in batches).encode())
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise

    def batches(self) -> Iterator[wire.Batch]:
        """All batches in order; a last line cut short by a crash is passed over."""
        if self._descriptor is None:
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield wire.batch_from_line(line)

    def remove(self) -> None:
        """All of it is in the store: delete the file."""
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            self.release()

    def release(self) -> None:
        """Close the file and let others replay it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self, flags: int) -> int | None:
        """The file's descriptor once its lock is ours, else None."""
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                self._descriptor = descriptor
        return self._descriptor
