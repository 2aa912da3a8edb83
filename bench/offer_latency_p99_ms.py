"""How soon an operator who is free has the next call, on a quiet hotline."""

from __future__ import annotations

from typing import Any

from bench.offers import offer_latency


async def measure() -> dict[str, Any]:
    """A few callers wait, so that there is always a next one."""
    return await offer_latency(waiting=3, samples=200, wanted_ms=10.0)
