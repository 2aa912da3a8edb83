"""How many cores other people leave free: training in the background must neither disturb nor wait for them."""

from __future__ import annotations

import os
from pathlib import Path

_SPARE_SHARE = 0.7  # of a core, for it to count as free


class SpareCores:
    """Reads what everything of ordinary priority used since the last look; a niced process does not count itself."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._before = _times()

    def count(self) -> int:
        """Cores free on average since the last call, at least 1 and at most `most`."""
        now = _times()
        (busy, total), (busy_before, total_before) = now, self._before
        self._before = now
        cores = os.cpu_count() or 1
        used = cores * (busy - busy_before) / max(total - total_before, 1)
        return max(1, min(self._most, int(cores - used + 1 - _SPARE_SHARE)))


def _times() -> tuple[int, int]:
    """Ticks of all cores: used at ordinary priority, and in all."""
    user, nice, system, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    return user + system, user + nice + system + sum(rest)
