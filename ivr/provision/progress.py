"""Progress of a long setup, one line a phase: rewritten in place on a terminal, printed once when it ends elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_REDRAW_SECONDS = 0.1


class Phase:
    """One phase under way."""

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._live = stream.isatty()
        self._drawn_at = 0.0

    def update(self, detail: str) -> None:
        """Show how far the phase has come; cheap enough to call for every block of data."""
        now = time.monotonic()
        if self._live and now - self._drawn_at > _REDRAW_SECONDS:
            self._drawn_at = now
            self._stream.write(f"\r\x1b[K  … {self._title}: {detail}")
            self._stream.flush()

    def end(self, mark: str, detail: str) -> None:
        start = "\r\x1b[K" if self._live else ""
        self._stream.write(f"{start}  {mark} {self._title}{': ' + detail if detail else ''}\n")
        self._stream.flush()


class Progress:
    """Writes phases to `stream` (stderr by default, so that stdout stays for results)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def note(self, text: str) -> None:
        """Tell something worth knowing that takes no time."""
        self._stream.write(f"  · {text}\n")

    @contextmanager
    def phase(self, title: str) -> Iterator[Phase]:
        """Show `title` while the body runs, then how long it took; an exception marks the line as failed."""
        phase = Phase(title, self._stream)
        started_at = time.monotonic()
        phase.update("…")
        try:
            yield phase
        except BaseException:
            phase.end("✗", "")
            raise
        phase.end("✓", f"{time.monotonic() - started_at:.1f} s")


def megabytes(count: int) -> str:
    """Bytes for people: `96.4 MB`."""
    return f"{count / 1e6:.1f} MB"
