"""How often somebody who is not signed in may do something."""

from __future__ import annotations

import ipaddress
from collections import deque

from ivr.clock import Clock

_MOST_KEYS = 10_000


class Frequency:
    """At most `most` times in `seconds` for each key; only what is that young is remembered."""

    def __init__(self, clock: Clock, most: int, seconds: float = 3600.0) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._times: dict[str, deque[float]] = {}

    def admits(self, key: str) -> bool:
        """Whether it may happen once more now; then it counts."""
        now = self._clock.monotonic()
        times = self._times.pop(key, None) or deque(maxlen=self._most)
        admitted = len(times) < self._most or times[0] <= now - self._seconds
        if admitted:
            times.append(now)
        self._times[key] = times  # those used last stand last
        while len(self._times) > _MOST_KEYS or self._stale(now):
            del self._times[next(iter(self._times))]
        return admitted

    def _stale(self, now: float) -> bool:
        return next(iter(self._times.values()))[-1] <= now - self._seconds


def neighbourhood(address: str) -> str:
    """What one household has: an IPv4 address, or 2⁶⁴ IPv6 ones."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(known if known.version == 4 else ipaddress.ip_network((known, 64), strict=False))
